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
// once, which are under way, and the budget of crash restarts. Its methods may be
// called by any number of goroutines.
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
}

// NewHost returns a Host with nothing under way.
func NewHost() *Host {
	return &Host{lanes: newLanes(), targets: make(map[engine.Target]*flight), busy: make(map[string]*flight)}
}

// begin notes that the call is under way, until it ends.
func (h *Host) begin(a plan.Action, now time.Time) *flight {
	h.mu.Lock()
	defer h.mu.Unlock()
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

// end notes that the call was made, or isn't.
func (h *Host) end(f *flight, now time.Time) {
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
}

// underWay returns the call that is made to that replica, or to that container,
// whichever service had it when that was decided; false: none is.
func (h *Host) underWay(t engine.Target, id string) (engine.Verb, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.targets[t]
	if f == nil {
		f = h.busy[id]
	}
	if f == nil {
		return "", false
	}
	return f.action.Verb, true
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
