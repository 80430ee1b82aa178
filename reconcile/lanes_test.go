package reconcile

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

// TestACallThatWaitsForItsTurnIsGivenUpWhenTheFileChanges: of twelve that are
// to be stopped, eight are, and then the file says something else.
func TestACallThatWaitsForItsTurnIsGivenUpWhenTheFileChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		state := "version: 1\nproject: p\nservices:\n"
		for n := range 12 {
			e.Create(ours(fmt.Sprintf("s%d", n), sim.Spec{State: engine.StateRunning}))
			state += fmt.Sprintf("  s%d: running\n", n)
		}
		l, k := live(t, e, state)
		all := strings.Count(state, "running")
		for n := range all {
			e.Hang(fmt.Sprintf("p-s%d-1", n))
		}
		e.Calls()
		k.write(t, strings.ReplaceAll(state, "running", "stopped"))
		l.Wake()
		synctest.Wait()
		k.write(t, state)
		for n := range all {
			e.Release(fmt.Sprintf("p-s%d-1", n))
		}
		l.Wake()
		waitFor(t, time.Minute, func() bool {
			for n := range all {
				if s := l.service(t, fmt.Sprintf("s%d", n)); !s.Converged {
					return false
				}
			}
			return true
		})
		if calls := e.Calls(); calls["stop"] != maxStops || calls["start"] != maxStops {
			t.Errorf("calls %v; want %d stops, and as many starts", calls, maxStops)
		}
	})
}
