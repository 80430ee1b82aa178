package plan

import (
	"time"

	"reconciler/engine"
)

// A container that the engine's own policy restarts so often within that time
// crashes in a loop (docs/state.md).
const (
	loopRestarts = 3
	loopWindow   = 10 * time.Minute
)

// policy is what the engine's own restart policy does to a container. The zero
// value: it did nothing.
type policy struct {
	restarts int         // in all, at the last look
	lately   []time.Time // when it restarted it lately, at most loopRestarts; never changed in place
	died     string      // how its last run ended, as far as that was seen; empty: it wasn't
}

func (p policy) look(l *look) policy {
	c := &l.is
	var lately []time.Time
	for _, at := range p.lately {
		if l.now.Sub(at) < loopWindow {
			lately = append(lately, at)
		}
	}
	if !l.fresh() { // else nobody knows when they were
		for range min(c.Restarts-p.restarts, loopRestarts) {
			lately = append(lately, l.now)
		}
	}
	p.restarts, p.lately = c.Restarts, lately[max(0, len(lately)-loopRestarts):]
	if c.State == engine.StateRestarting || c.State == engine.StateExited { // else the exit code means nothing
		p.died = ended(*c)
	}
	return p
}
