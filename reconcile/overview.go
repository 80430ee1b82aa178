package reconcile

import (
	"fmt"
	"reflect"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/driver"
	"reconciler/reconcile/plan"
)

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
	if r.unheld != nil {
		return Report{}, r.unheld
	}
	look := r.opt.Driver.Look(doc, r.done(doc), r.look)
	if look.Blind() != nil {
		return Report{}, fmt.Errorf("plan: %w", engine.ErrUnavailable)
	}
	return report(doc, generation, look, func(s desired.Service) plan.Plan {
		var past plan.Past
		if e := r.entries[doc.Key(s.Name)]; e != nil {
			past = e.past
		}
		return look.Decide(s, past, r.given(doc.Key(s.Name), r.opt.Now())).Plan
	}), nil
}

// Known returns everything that is known now. Before the first decision the
// services are there, with status unknown.
func (r *Reconciler) Known() Known {
	r.mu.Lock()
	defer r.mu.Unlock()
	snap := r.opt.Desired.Snapshot()
	o := Known{
		Project: snap.Document.Project, Generation: snap.Generation,
		Services: make([]Tracked, 0, len(snap.Document.Services)), Orphans: []Orphan{}, Warnings: append([]string{}, r.opt.Desired.Warnings()...),
	}
	for _, s := range snap.Document.Services {
		e := r.entry(snap.Document.Key(s.Name))
		if e.decided {
			n := e.status
			n.Acts, n.Generation = e.acts, snap.Generation
			switch {
			case e.generation == snap.Generation:
			case !reflect.DeepEqual(e.config, s):
				n.ask(s, r.opt.Now())
			case n.Converged:
				n.stay(snap.Generation)
			}
			o.Services = append(o.Services, n)
			continue
		}
		n := base(snap, s)
		n.Status, n.Message, n.Unseen = plan.StatusUnknown, "not looked at yet", true
		n.Replicas.Desired = plan.Desired(s, e.past)
		n.Conditions = conditions(nil, plan.Plan{Ready: plan.Note{Reason: plan.ReasonEngineDown, Message: n.Message}}, 0, r.opt.Now())
		o.Services = append(o.Services, n)
	}
	if look := r.looked(snap.Document); look.Blind() == nil {
		o.Orphans = orphans(look)
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

func orphans(look driver.Look) []Orphan {
	all := []Orphan{}
	for _, o := range look.Orphans() {
		all = append(all, Orphan{
			ID: o.Container.ID, Name: o.Container.Name, Service: o.Service,
			State: o.Container.State, Message: o.Message(),
		})
	}
	return all
}
