package reconcile

import (
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

// TestHealthIsRememberedOverARestartOfTheProgram, and nothing is done for its
// loss.
func TestHealthIsRememberedOverARestartOfTheProgram(t *testing.T) {
	for name, c := range map[string]struct {
		forget bool
		want   string
	}{
		"remembered": {false, "p-web-1"},
		"lost":       {true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning, Health: engine.HealthHealthy}), ours("db", sim.Spec{State: engine.StateExited}))
			w.engine.SetHealth("p-web-1", engine.HealthStarting) // as after an unpause
			if c.forget {
				w.desired.memory.Healthy = nil
			}
			w.begin()
			w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
			w.settle()
			w.pass(29 * time.Second)
			if got := w.order("restart"); got != "" {
				t.Errorf("restarted within the grace: %s", got)
			}
			w.pass(2 * time.Second)
			if got := w.order("restart"); got != c.want {
				t.Errorf("restarted: %q, want %q", got, c.want)
			}
		})
	}
}

// TestAnUnhealthyServiceIsRestartedByTheKubeletsTable: each start makes it
// healthy, and then it isn't any more.
func TestAnUnhealthyServiceIsRestartedByTheKubeletsTable(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning, Health: engine.HealthHealthy}), ours("db", sim.Spec{State: engine.StateExited}))
	began := w.now
	for w.now.Sub(began) < time.Hour {
		w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
		w.settle()
		w.pass(10 * time.Second)
	}
	restarts := 0
	for _, e := range w.events {
		if e.Kind == KindAction && e.Verb == "restart" {
			restarts++
		}
	}
	// 0, 10, 20, 40, 80, 160, 300, 300 … s after a grace of 30 s each.
	if restarts < 12 || restarts > 16 {
		t.Errorf("restarted %d times in an hour", restarts)
	}
}
