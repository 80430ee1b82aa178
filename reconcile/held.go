package reconcile

import (
	"time"

	"reconciler/reconcile/driver"
	"reconciler/reconcile/plan"
)

// blindness is why nothing may be decided now; the zero value: it may. The
// caller holds r.mu.
func (r *Reconciler) blindness(look driver.Look) plan.Note {
	if r.unheld != nil {
		return plan.Note{Reason: plan.ReasonNotHeld, Message: r.unheld.Error()}
	}
	if err := look.Blind(); err != nil {
		return plan.Note{Reason: plan.ReasonEngineDown, Message: err.Error()}
	}
	return plan.Note{}
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
