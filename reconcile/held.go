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
// once when that changes.
func (r *Reconciler) heed(err error, now time.Time) {
	r.mu.Lock()
	was := r.unheld
	r.unheld = err
	r.turned = r.turned || (was == nil) != (err == nil)
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
}

// hasTurned reports whether it has changed, since it was asked last, whether anything
// may be decided: then all services are decided about anew.
func (r *Reconciler) hasTurned() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	turned := r.turned
	r.turned = false
	return turned
}

// giveBack forgets a call that isn't made; the caller holds r.mu.
func (r *Reconciler) giveBack(call Call) {
	if call.turn != nil {
		r.budget.made(call.turn, r.opt.Now())
	}
	delete(r.inFlight, call.Action.ID)
}
