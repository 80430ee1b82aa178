package reconcile

import (
	"fmt"
	"maps"
	"slices"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/observed"
	"reconciler/reconcile/own"
)

// ownership is who owns what in one view, worked out once. The zero value is
// that of no view.
type ownership struct {
	doc     *desired.Document
	version int64
	result  own.Ownership
	around  own.Neighbours
	self    map[string]string // own.Guarded
}

// owned works out who owns what in the view by the document, unless it is
// known; the caller holds r.mu.
func (r *Reconciler) owned(doc *desired.Document, view observed.View) ownership {
	if r.own.doc != doc || r.own.version != view.Version {
		r.own = newOwnership(doc, view, r.opt.Self, r.finished)
	}
	return r.own
}

// newOwnership works out who owns what in the view. finished reports
// whether a job is recorded as finished.
func newOwnership(doc *desired.Document, view observed.View, us engine.Self, finished func(service string) bool) ownership {
	self := own.Guarded(us, view.Info, view.Containers)
	containers := slices.Clone(view.Containers)
	for _, s := range view.Hidden {
		containers = append(containers, engine.Container{Summary: s})
	}
	whose := own.Judge(doc, containers, self)
	unread(whose, view)
	return ownership{doc, view.Version, whose, whose.Neighbours(doc, finished), self}
}

// unread warns of the containers that the engine tells nothing of now, and takes
// those out of the holdings of which it has told nothing but that they are there.
func unread(whose own.Ownership, view observed.View) {
	hidden := make(map[string]bool, len(view.Hidden))
	for _, s := range view.Hidden {
		hidden[s.ID] = true
	}
	for service, h := range whose.Holdings {
		h.Replicas = slices.DeleteFunc(h.Replicas, func(r own.Replica) bool {
			err := view.Unread[r.Container.ID]
			switch {
			case err == nil:
			case hidden[r.Container.ID]:
				h.Hidden = fmt.Sprintf("%s can't be looked at, so nothing is done: %v", r.Container.Name, err)
			default:
				h.Warnings = append(h.Warnings, fmt.Sprintf("%s can't be looked at, so what is shown of it is old: %v", r.Container.Name, err))
			}
			return hidden[r.Container.ID]
		})
		whose.Holdings[service] = h
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
	whose := r.owned(snap.Document, view)
	r.heeded = whose
	all := before.doc != snap.Document || !view.Up || !maps.Equal(before.self, whose.self)
	r.sweep(snap.Document)
	moved := whose.around.Moved(before.around)
	now := r.opt.Now()
	var names []string
	for _, s := range snap.Document.Services {
		t := r.services[s.Name]
		if all || !t.decided || t.up != view.Up || moved[s.ComposeService] || !same(before.result.Holdings[s.Name], whose.result.Holdings[s.Name]) ||
			s.At(now).Held != (t.status.Suspended != nil) {
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
func same(a, b own.Holding) bool {
	return a.Trouble.Message() == b.Trouble.Message() && a.Hidden == b.Hidden && slices.Equal(a.Warnings, b.Warnings) && maps.Equal(a.InTheWay, b.InTheWay) &&
		slices.EqualFunc(a.Replacing, b.Replacing, sameContainer) &&
		slices.EqualFunc(a.Replicas, b.Replicas, func(x, y own.Replica) bool {
			return x.Number == y.Number && sameContainer(x.Container, y.Container)
		})
}

func sameContainer(a, b engine.Container) bool {
	return a.ID == b.ID && a.Name == b.Name && a.State == b.State && a.Health == b.Health &&
		a.PID == b.PID && a.Restarts == b.Restarts && a.Error == b.Error && a.Unplugged == b.Unplugged &&
		a.StartedAt.Equal(b.StartedAt) && a.FinishedAt.Equal(b.FinishedAt)
}
