package reconcile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/reconcile/plan"
)

func exitOf(s Tracked) string {
	if s.LastExit == nil {
		return "none"
	}
	return fmt.Sprint(*s.LastExit)
}

// A kill is repaired before anybody could look, and must be found afterwards.
func TestTheLastExitIsKnownAfterItWasRepaired(t *testing.T) {
	for name, c := range map[string]struct {
		state   engine.State
		happens func(*world)
		want    string // how it ended last
	}{
		"nothing yet":             {engine.StateRunning, func(*world) {}, "none"},
		"never ran":               {engine.StateCreated, func(*world) {}, "none"},
		"killed":                  {engine.StateRunning, func(w *world) { w.engine.Kill("p-web-1", 9) }, "137"},
		"exited":                  {engine.StateRunning, func(w *world) { w.engine.Exit("p-web-1", 3) }, "3"},
		"exited before the start": {engine.StateExited, func(*world) {}, "0"},
		"twice": {engine.StateRunning, func(w *world) {
			w.engine.Exit("p-web-1", 3)
			w.settle()
			w.pass(time.Minute)
			w.engine.Exit("p-web-1", 4)
		}, "4"},
		"the second one's exit is the newest": {engine.StateRunning, func(w *world) {
			w.engine.Exit("p-web-1", 3)
			w.settle()
			w.pass(time.Second)
			w.engine.Exit("p-web-2", 4)
		}, "4"},
		"the first one's exit is the newest": {engine.StateRunning, func(w *world) {
			w.engine.Exit("p-web-2", 4)
			w.settle()
			w.pass(time.Second)
			w.engine.Exit("p-web-1", 3)
		}, "3"},
		"stopped by us": {engine.StateRunning, func(w *world) {
			w.desired.write(t, strings.Replace(one, "running", "stopped", 1))
			w.settle()
			w.desired.write(t, one)
		}, "143"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, one, ours("web", sim.Spec{State: c.state}), ours("web", sim.Spec{Name: "p-web-2", State: c.state}))
			w.pass(time.Minute) // created ones are started
			c.happens(w)
			w.settle()
			w.pass(time.Minute)
			w.expect("p-web-1 running\np-web-2 running")
			s := w.web()
			if exitOf(s) != c.want {
				t.Errorf("last exit %s, want %s", exitOf(s), c.want)
			}
			for _, shown := range s.Containers {
				if shown.ExitCode != nil {
					t.Errorf("%s runs, and has an exit code: %d", shown.Name, *shown.ExitCode)
				}
			}
		})
	}
}

func TestTheLastExitIsKnownWhileTheEngineIsDown(t *testing.T) {
	w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateRunning}))
	w.engine.Kill("p-web-1", 9)
	w.settle()
	w.r.mu.Lock()
	w.r.blind(w.desired.snap, w.desired.snap.Document.Services[0], plan.Note{Reason: plan.ReasonEngineDown, Message: "down"})
	w.r.mu.Unlock()
	if s := w.web(); s.Status != "unknown" || exitOf(s) != "137" {
		t.Errorf("%s, last exit %s", s.Status, exitOf(s))
	}
}

// Between two attempts of the engine's own policy a container has a code.
func TestAContainerHasAnExitCodeUnlessItRuns(t *testing.T) {
	for state, has := range map[engine.State]bool{
		engine.StateExited: true, engine.StateDead: true, engine.StateRestarting: true,
		engine.StateRunning: false, engine.StatePaused: false,
	} {
		c := engine.Container{Summary: engine.Summary{State: state}, ExitCode: 3, FinishedAt: time.Unix(1, 0)}
		if code := shown(c).ExitCode; (code != nil) != has || has && *code != 3 {
			t.Errorf("%s: %v", state, code)
		}
		c.FinishedAt = time.Time{}
		if code := shown(c).ExitCode; code != nil {
			t.Errorf("%s that never ended: %v", state, *code)
		}
	}
}
