package reconcile

import (
	"time"

	"reconciler/observed"
	"reconciler/reconcile/plan"
)

// blindness is why nothing may be decided now; the zero value: it may. The
// caller holds r.mu.
func (r *Reconciler) blindness(view observed.View) plan.Note {
	switch {
	case r.unheld != nil:
		return plan.Note{Reason: plan.ReasonNotHeld, Message: r.unheld.Error()}
	case view.Up:
		return plan.Note{}
	case view.Err != nil:
		return plan.Note{Reason: plan.ReasonEngineDown, Message: "the engine can't be asked: " + view.Err.Error()}
	}
	return plan.Note{Reason: plan.ReasonEngineDown, Message: "the engine has not been reached yet"}
}

// heed takes in whether the file is kept by this process alone, and tells it
// once when that changes. It reports whether it changed.
func (r *Reconciler) heed(err error, now time.Time) (changed bool) {
	r.mu.Lock()
	was := r.unheld
	r.unheld = err
	if was != nil && err == nil {
		r.unsaved = true // what is remembered may be lost with the directory
	}
	r.mu.Unlock()
	switch {
	case was == nil && err != nil:
		r.record([]Event{{Time: now, Kind: KindWarning, Message: "nothing is decided or done any more", Err: err}})
	case was != nil && err == nil:
		r.record([]Event{{Time: now, Kind: KindWarning, Message: "the data directory is held again: it goes on"}})
	}
	return (was == nil) != (err == nil)
}

// giveBack forgets a call that isn't made; the caller holds r.mu.
func (r *Reconciler) giveBack(call Call) {
	if call.turn != nil {
		r.budget.made(call.turn, r.opt.Now())
	}
	delete(r.inFlight, call.Action.ID)
}
