package plan

import (
	"fmt"
	"time"

	"reconciler/engine"
)

// A container that the engine's own policy restarts so often within that time
// crashes in a loop (docs/state.md).
const (
	loopRestarts = 3
	loopWindow   = 10 * time.Minute
)

// looping is what a record keeps of what the engine's own policy does. The zero
// value: it did nothing.
type looping struct {
	Restarts int         // in all, at the last look
	Loops    []time.Time // when it restarted it lately, at most loopRestarts; never changed in place
	Died     string      // how its last run ended, as far as that was seen; empty: it wasn't
}

// loop takes in one look. fresh: the last one says nothing about what happened
// since.
func (p looping) loop(c engine.Container, fresh bool, now time.Time) looping {
	var lately []time.Time
	for _, at := range p.Loops {
		if now.Sub(at) < loopWindow {
			lately = append(lately, at)
		}
	}
	if !fresh {
		for range min(c.Restarts-p.Restarts, loopRestarts) {
			lately = append(lately, now)
		}
	}
	p.Restarts, p.Loops = c.Restarts, lately[max(0, len(lately)-loopRestarts):]
	if c.State == engine.StateRestarting || c.State == engine.StateExited { // else the exit code means nothing
		p.Died = ended(c)
	}
	return p
}

// crashLoop is the note of a container that the engine restarts in a loop, and
// when to look again; zero: it doesn't.
func (d *decision) crashLoop(c engine.Container) (Note, time.Time) {
	rec := d.record(c)
	if len(rec.Loops) < loopRestarts {
		return Note{}, time.Time{}
	}
	died := ""
	if rec.Died != "" {
		died = ", " + rec.Died
	}
	return Note{ReasonCrashLoop, fmt.Sprintf("%s%s, crashes in a loop: the engine's own restart policy has restarted it %d times; look at %s",
		c.Name, died, c.Restarts, engine.HandLogs.On(c.Name))}, rec.Loops[0].Add(loopWindow)
}
