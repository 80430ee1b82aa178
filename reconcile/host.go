package reconcile

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/plan"
)

// Host is what all projects of one engine share: how many calls are made to it at
// once, which are under way, and the budget of crash restarts. There is never more
// than one call under way to a replica, or to a container, whoever decides on it.
// Its methods may be called by any number of goroutines.
type Host struct {
	lanes lanes

	mu      sync.Mutex
	budget  budget
	targets map[engine.Target]*flight // the calls under way
	busy    map[string]*flight        // the same by the container's ID; one that is made yet has none
}

// flight is a call under way, or one that waits for its turn in a lane.
type flight struct {
	action plan.Action
	turn   *turn // of the budget, that it uses up; nil: none
	// waiting are the other services that have the container by now, and were
	// decided about meanwhile.
	waiting map[desired.Key]bool
}

// NewHost returns a Host with nothing under way.
func NewHost() *Host {
	return &Host{lanes: newLanes(), targets: make(map[engine.Target]*flight), busy: make(map[string]*flight)}
}

// begin notes that the call is under way, until it ends. nil: another one is,
// that was begun since it was decided on; its end is told to the service.
func (h *Host) begin(a plan.Action, now time.Time) *flight {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.find(a.Target, a.ID) != nil {
		return nil
	}
	f := &flight{action: a}
	if a.Crash {
		f.turn = h.budget.take(a.Verb, now)
	}
	h.targets[a.Target] = f
	if a.ID != "" {
		h.busy[a.ID] = f
	}
	return f
}

// end notes that the call was made, or isn't. It returns the services that have to
// be decided about now, the call's own first.
func (h *Host) end(f *flight, now time.Time) []desired.Key {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.turn != nil {
		h.budget.made(f.turn, now)
	}
	if h.targets[f.action.Target] == f {
		delete(h.targets, f.action.Target)
	}
	if h.busy[f.action.ID] == f {
		delete(h.busy, f.action.ID)
	}
	keys := []desired.Key{f.action.Target.Key}
	for key := range f.waiting {
		keys = append(keys, key)
	}
	return keys
}

// find returns the call that is under way to the replica or to the container; nil:
// none is. Its end is told to the replica's service. The caller holds h.mu.
func (h *Host) find(t engine.Target, id string) *flight {
	f := h.targets[t]
	if f == nil {
		f = h.busy[id]
	}
	if f != nil && f.action.Target.Key != t.Key {
		if f.waiting == nil {
			f.waiting = make(map[desired.Key]bool)
		}
		f.waiting[t.Key] = true
	}
	return f
}

// underWay returns the call that is made to that replica, or to that container,
// whichever service had it when that was decided; false: none is.
func (h *Host) underWay(t engine.Target, id string) (engine.Verb, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.find(t, id); f != nil {
		return f.action.Verb, true
	}
	return "", false
}

// names are those of the calls under way, as "stop web-1", sorted.
func (h *Host) names() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []string
	for _, f := range h.targets {
		all = append(all, string(f.action.Verb)+" "+cmp.Or(f.action.Container, f.action.Target.String()))
	}
	slices.Sort(all)
	return all
}

// left is what of the budget the service may use up.
func (h *Host) left(key desired.Key, now time.Time) plan.Budget {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.budget.left(key, now)
}

// queue puts the service into the line for the budget, or takes it out.
func (h *Host) queue(key desired.Key, waits bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.budget.queue(key, waits)
}

// enter waits for the turn of a call; leave ends it. It fails with ctx's error.
func (h *Host) enter(ctx context.Context, a plan.Action) (leave func(), err error) {
	return h.lanes.enter(ctx, a)
}
