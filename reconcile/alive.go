package reconcile

import (
	"fmt"
	"time"
)

// After lateTick without a tick the loop is not alive.
const lateTick = 30 * time.Second

// tick proves that the loop works, and reports whether it may decide by now or
// may not any more.
func (r *Reconciler) tick() (changed bool) {
	r.heed(r.opt.Desired.Hold(), r.opt.Now())
	r.mu.Lock()
	r.ticked = r.opt.Now()
	r.mu.Unlock()
	r.opt.Ticked()
	return r.hasTurned()
}

// Alive reports whether the loop works, whatever the engine does.
func (r *Reconciler) Alive() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.ticked.IsZero() && r.since(r.ticked) < lateTick
}

// stop says that the program ends.
func (r *Reconciler) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopping = true
}

// Readiness returns why the promise can't be kept now; empty: it can.
func (r *Reconciler) Readiness() []string {
	snap := r.opt.Desired.Snapshot()
	r.mu.Lock()
	stopping, blind := r.stopping, r.blindness(r.looked(snap.Document))
	r.mu.Unlock()
	var why []string
	if stopping {
		why = append(why, "shutting down")
	}
	if snap.Problem != nil {
		why = append(why, fmt.Sprintf("the file can't be used, generation %d stays in force: %v", snap.Generation, snap.Problem))
	}
	why = append(why, r.opt.Desired.Troubles()...)
	if blind.Reason != "" {
		why = append(why, blind.Message)
	}
	return why
}

// UnderWay names what has not ended: calls to the engine, as "stop web-1", and
// the write of what must outlive the process.
func (r *Reconciler) UnderWay() []string {
	all := r.opt.Host.names()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writing != nil {
		all = append(all, "write what is remembered")
	}
	return all
}
