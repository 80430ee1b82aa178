package reconcile

import (
	"fmt"

	"reconciler/desired"
	"reconciler/engine"
)

// Restart asks for the restart of the service's containers, one by one, or for
// another run of a job; why may be empty. Asked for again before it was made,
// it is made once.
// It has ended once the service's Acts.Ended is the ticket or more, and was made
// unless Acts.Failed is, too. Errors:
// desired.ErrUnknownService, engine.ErrUnavailable, ErrRefused.
func (r *Reconciler) Restart(key desired.Key, actor, why string) (ticket int64, err error) {
	if ticket, err = r.askRestart(key); err != nil {
		return 0, err
	}
	r.tell(Event{Kind: KindRequested, Service: key.Service, Actor: actor, Verb: engine.VerbRestart, Message: why})
	return ticket, nil
}

func (r *Reconciler) askRestart(key desired.Key) (ticket int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.opt.Now()
	snap, s, listed := r.listed(key)
	if !listed {
		return 0, fmt.Errorf("restart %s: %w", key.Service, desired.ErrUnknownService)
	}
	refuse := func(why string) (int64, error) {
		return 0, fmt.Errorf("restart %s: %w: %s", key.Service, ErrRefused, why)
	}
	look := r.looked(snap.Document)
	switch {
	case s.State != desired.Running && s.State != desired.Completed:
		return refuse("it is wanted " + string(s.State) + "; start it first")
	case s.At(now).Held:
		return refuse("it is suspended")
	case r.opt.DryRun:
		return refuse("this is a dry run (--dry-run): nothing is done")
	case r.unheld != nil:
		return 0, fmt.Errorf("restart %s: %w", key.Service, r.unheld)
	case look.Blind() != nil:
		return 0, fmt.Errorf("restart %s: %w", key.Service, engine.ErrUnavailable)
	}
	e := r.entry(key)
	ids, refusal := look.Restartable(s, e.past, r.given(key, now))
	if refusal != "" {
		return refuse(refusal)
	}
	r.remember(e, e.past.AskRestart(ids))
	return e.acts.Ended + 1, nil
}

// Retry forgets what went wrong with the service and tries now; why may be
// empty. Errors:
// desired.ErrUnknownService.
func (r *Reconciler) Retry(key desired.Key, actor, why string) error {
	r.mu.Lock()
	_, _, listed := r.listed(key)
	if listed {
		e := r.entry(key)
		r.remember(e, e.past.Try(r.opt.Now()))
	}
	r.mu.Unlock()
	if !listed {
		return fmt.Errorf("retry %s: %w", key.Service, desired.ErrUnknownService)
	}
	r.tell(Event{Kind: KindRequested, Service: key.Service, Actor: actor, Verb: engine.VerbStart, Message: why})
	return nil
}
