package reconcile

import (
	"fmt"
	"reflect"
	"slices"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
	"reconciler/reconcile/plan"
)

// Restart asks for the restart of the service's containers, one by one, or for
// another run of a job; why may be empty. Asked for again before it was made,
// it is made once.
// It has ended once the service's Acts.Ended is the ticket or more, and was made
// unless Acts.Failed is, too. Errors:
// desired.ErrUnknownService, engine.ErrUnavailable, ErrRefused.
func (r *Reconciler) Restart(service, actor, why string) (ticket int64, err error) {
	if ticket, err = r.askRestart(service); err != nil {
		return 0, err
	}
	r.tell(Event{Kind: KindRequested, Service: service, Actor: actor, Verb: engine.VerbRestart, Message: why})
	return ticket, nil
}

func (r *Reconciler) askRestart(service string) (ticket int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	snap := r.opt.Desired.Snapshot()
	s, listed := snap.Document.Service(service)
	if !listed {
		return 0, fmt.Errorf("restart %s: %w", service, desired.ErrUnknownService)
	}
	refuse := func(why string) (int64, error) {
		return 0, fmt.Errorf("restart %s: %w: %s", service, ErrRefused, why)
	}
	view := r.opt.World.View()
	switch {
	case s.State != desired.Running && s.State != desired.Completed:
		return refuse("it is wanted " + string(s.State) + "; start it first")
	case s.At(r.opt.Now()).Held:
		return refuse("it is suspended")
	case r.opt.DryRun:
		return refuse("this is a dry run (--dry-run): nothing is done")
	case r.unheld != nil:
		return 0, fmt.Errorf("restart %s: %w", service, r.unheld)
	case !view.Up:
		return 0, fmt.Errorf("restart %s: %w", service, engine.ErrUnavailable)
	}
	whose := r.owned(snap.Document, view)
	h := whose.result.Holdings[service]
	past := r.past(service)
	around := r.around(view, whose)
	around.InFlight = r.calls(snap.Document.Key(service), h)
	ids := plan.Wanted(s, h, around, past)
	guarded := slices.IndexFunc(ids, func(id string) bool { return whose.self[id] != "" })
	switch {
	case h.Trouble.Kind != "":
		return refuse(h.Trouble.Message())
	case h.Hidden != "":
		return refuse(h.Hidden)
	case len(ids) == 0:
		return refuse("it has no container")
	case guarded >= 0:
		return refuse(own.NotRestarted(find(h, ids[guarded]).Name, whose.self[ids[guarded]]))
	}
	r.pasts[service] = past.AskRestart(ids)
	if t := r.services[service]; t != nil {
		ticket = t.acts.Ended
	} // else it was listed since the last sweep
	return ticket + 1, nil
}

// giveUp ends the restart of which the decision says that it isn't made any more,
// and tells why; the caller holds r.mu.
func (r *Reconciler) giveUp(s desired.Service, p plan.Plan) Event {
	why := "the container is gone, or one too many by now"
	switch {
	case s.State == desired.Stopped:
		why = "it is wanted stopped by now"
	case p.Trouble != "":
		why = p.Trouble
	}
	t := r.track(s.Name)
	t.acts.fail(why)
	t.acts.Ended++
	return Event{Time: r.opt.Now(), Kind: KindWarning, Service: s.Name, Message: "the restart that was asked for is given up: " + why}
}

// Retry forgets what went wrong with the service and tries now; why may be
// empty. Errors:
// desired.ErrUnknownService.
func (r *Reconciler) Retry(service, actor, why string) error {
	r.mu.Lock()
	_, listed := r.opt.Desired.Snapshot().Document.Service(service)
	if listed {
		r.pasts[service] = r.past(service).Try(r.opt.Now())
	}
	r.mu.Unlock()
	if !listed {
		return fmt.Errorf("retry %s: %w", service, desired.ErrUnknownService)
	}
	r.tell(Event{Kind: KindRequested, Service: service, Actor: actor, Verb: engine.VerbStart, Message: why})
	return nil
}

// tell passes on one event of now.
func (r *Reconciler) tell(e Event) {
	e.Time = r.opt.Now()
	r.record([]Event{e})
}

// Plan returns what would be done now, without doing it. Error:
// engine.ErrUnavailable.
func (r *Reconciler) Plan() (Report, error) {
	snap := r.opt.Desired.Snapshot()
	return r.plan(snap.Document, snap.Generation)
}

// PlanFor returns what would be done now if that document were in force. Error:
// engine.ErrUnavailable.
func (r *Reconciler) PlanFor(doc *desired.Document) (Report, error) {
	return r.plan(doc, r.opt.Desired.Snapshot().Generation)
}

func (r *Reconciler) plan(doc *desired.Document, generation int64) (Report, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	view := r.opt.World.View()
	if r.unheld != nil {
		return Report{}, r.unheld
	}
	if !view.Up {
		return Report{}, fmt.Errorf("plan: %w", engine.ErrUnavailable)
	}
	whose := newOwnership(doc, view, r.opt.Self, r.finished)
	around := r.around(view, whose)
	return report(doc, generation, whose.result, func(s desired.Service) plan.Plan {
		now := r.opt.Now()
		around.InFlight = r.calls(doc.Key(s.Name), whose.result.Holdings[s.Name])
		around.Budget = r.budget.left(s.Name, now)
		return plan.Diff(s, whose.result.Holdings[s.Name], around, r.past(s.Name), now)
	}), nil
}

// Overview returns everything that is known now. It is never nil; before the
// first decision the services are there, with status unknown.
func (r *Reconciler) Overview() Overview {
	r.mu.Lock()
	defer r.mu.Unlock()
	snap := r.opt.Desired.Snapshot()
	o := Overview{
		Project: snap.Document.Project, Generation: snap.Generation,
		Services: make([]Service, 0, len(snap.Document.Services)), Orphans: []Orphan{}, Warnings: append([]string{}, r.opt.Desired.Warnings()...),
	}
	for _, s := range snap.Document.Services {
		if t := r.services[s.Name]; t != nil && t.decided {
			n := t.status
			n.Acts, n.Generation = t.acts, snap.Generation
			switch {
			case t.generation == snap.Generation:
			case !reflect.DeepEqual(t.config, s):
				n.ask(s, r.opt.Now())
			case n.Converged:
				n.stay(snap.Generation)
			}
			o.Services = append(o.Services, n)
			continue
		}
		n := base(snap, s)
		n.Status, n.Message, n.Unseen = plan.StatusUnknown, "not looked at yet", true
		n.Replicas.Desired = plan.Desired(s, r.past(s.Name))
		n.Conditions = conditions(nil, plan.Plan{Ready: plan.Note{Reason: plan.ReasonEngineDown, Message: n.Message}}, 0, r.opt.Now())
		o.Services = append(o.Services, n)
	}
	if view := r.opt.World.View(); view.Up {
		o.Orphans = orphans(r.owned(snap.Document, view).result)
	}
	return o
}

// Changed returns a channel that is closed when something in the overview
// changes. Ask for it before reading what is then waited on.
func (r *Reconciler) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

func orphans(whose own.Ownership) []Orphan {
	all := []Orphan{}
	for _, o := range whose.Orphans {
		all = append(all, Orphan{
			ID: o.Container.ID, Name: o.Container.Name, Service: o.Service,
			State: o.Container.State, Message: o.Message,
		})
	}
	return all
}
