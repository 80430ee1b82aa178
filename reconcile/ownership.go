package reconcile

import (
	"fmt"
	"maps"
	"slices"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/observed"
	"reconciler/reconcile/plan"
)

// ownership is who owns what in one view, worked out once. The zero value is
// that of no view.
type ownership struct {
	doc     *desired.Document
	version int64
	result  plan.Ownership
	around  plan.Neighbours
	self    map[string]string // plan.Guarded
}

// owned works out who owns what in the view by the document, unless it is
// known; the caller holds r.mu.
func (r *Reconciler) owned(doc *desired.Document, view observed.View) ownership {
	if r.own.doc != doc || r.own.version != view.Version {
		self := r.guarded(view)
		own := plan.Own(doc, view.Containers, self)
		unread(own, view)
		r.own = ownership{doc, view.Version, own, own.Neighbours(doc, r.finished), self}
	}
	return r.own
}

// guarded are the containers that are never stopped or restarted from here.
func (r *Reconciler) guarded(view observed.View) map[string]string {
	return plan.Guarded(r.opt.Self, view.Info, view.Containers)
}

// unread warns of the containers that the engine tells nothing of now.
func unread(own plan.Ownership, view observed.View) {
	for service, h := range own.Holdings {
		for _, r := range h.Replicas {
			if err := view.Unread[r.Container.ID]; err != nil {
				h.Warnings = append(h.Warnings, fmt.Sprintf("%s can't be looked at, so what is shown of it is old: %v", r.Container.Name, err))
			}
		}
		own.Holdings[service] = h
	}
}

// finished reports whether the job is recorded as finished; the caller holds
// r.mu.
func (r *Reconciler) finished(service string) bool { return r.past(service).Done != "" }

// Affected returns the services about which something changed in the world or
// in the file since the last call, or whose suspension begins or ends now, and
// forgets those that the file no longer lists.
func (r *Reconciler) Affected() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	snap := r.opt.Desired.Snapshot()
	view := r.opt.World.View()
	before := r.heeded // not r.own: whoever just looks renews that one
	own := r.owned(snap.Document, view)
	r.heeded = own
	all := before.doc != snap.Document || !view.Up || !maps.Equal(before.self, own.self)
	r.sweep(snap.Document)
	moved := own.around.Moved(before.around)
	now := r.opt.Now()
	var names []string
	for _, s := range snap.Document.Services {
		t := r.services[s.Name]
		if all || !t.decided || t.up != view.Up || moved[s.ComposeService] || !same(before.result.Holdings[s.Name], own.result.Holdings[s.Name]) ||
			s.Suspend.Active(now) != (t.status.Suspended != nil) {
			names = append(names, s.Name)
		}
	}
	return names
}

// sweep makes what is tracked the services of the document; the caller holds
// r.mu, or nobody else knows r yet.
func (r *Reconciler) sweep(doc *desired.Document) {
	for name := range r.services {
		if _, listed := doc.Service(name); !listed {
			delete(r.services, name)
			delete(r.pasts, name)
			r.budget.queue(name, false)
		}
	}
	for _, s := range doc.Services {
		if r.services[s.Name] == nil {
			r.services[s.Name] = &tracked{}
		}
	}
}

// same reports whether two looks at what a service owns could lead to the same
// decision and the same status.
func same(a, b plan.Holding) bool {
	return a.Trouble == b.Trouble && slices.Equal(a.Warnings, b.Warnings) && maps.Equal(a.InTheWay, b.InTheWay) &&
		slices.EqualFunc(a.Replacing, b.Replacing, sameContainer) &&
		slices.EqualFunc(a.Replicas, b.Replicas, func(x, y plan.Replica) bool {
			return x.Number == y.Number && sameContainer(x.Container, y.Container)
		})
}

func sameContainer(a, b engine.Container) bool {
	return a.ID == b.ID && a.Name == b.Name && a.State == b.State && a.Health == b.Health &&
		a.PID == b.PID && a.Restarts == b.Restarts && a.Error == b.Error && a.Unplugged == b.Unplugged &&
		a.StartedAt.Equal(b.StartedAt) && a.FinishedAt.Equal(b.FinishedAt)
}
