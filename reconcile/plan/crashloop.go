package plan

import (
	"fmt"
	"time"

	"reconciler/engine"
)

// crashLoop is the note of a container that the engine restarts in a loop, and
// when to look again; zero: it doesn't.
func (d *decision) crashLoop(c engine.Container) (Note, time.Time) {
	rec := d.record(c)
	if len(rec.policy.lately) < loopRestarts {
		return Note{}, time.Time{}
	}
	died := ""
	if rec.policy.died != "" {
		died = ", " + rec.policy.died
	}
	return Note{ReasonCrashLoop, fmt.Sprintf("%s%s, crashes in a loop: the engine's own restart policy has restarted it %d times; look at %s",
		c.Name, died, c.Restarts, d.log(c))}, rec.policy.lately[0].Add(loopWindow)
}
