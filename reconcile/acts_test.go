package reconcile

import (
	"strings"
	"testing"

	"reconciler/engine"
	"reconciler/engine/sim"
)

// Whoever waits for a restart must hear that it will not be made.
func TestARestartThatIsGivenUpHasEnded(t *testing.T) {
	const pair = "version: 1\nproject: p\nservices:\n  web: {state: running, replicas: 2}\n"
	for name, c := range map[string]struct {
		happens func(*world)
		why     string
	}{
		"wanted stopped by now": {func(w *world) { w.desired.write(t, strings.Replace(pair, "running", "stopped", 1)) }, "wanted stopped by now"},
		"guarded by now": {func(w *world) {
			w.r.mu.Lock()
			w.r.opt.Self, w.r.own = engine.Self{ID: w.id("p-web-1"), Network: w.id("p-web-2")}, ownership{}
			w.r.mu.Unlock()
		}, "docker restart p-web-"},
		"gone": {func(w *world) { w.engine.Remove("p-web-1"); w.engine.Remove("p-web-2") }, "is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, pair, ours("web", sim.Spec{State: engine.StateRunning}), ours("web", sim.Spec{Name: "p-web-2", State: engine.StateRunning}))
			ticket, err := w.r.Restart("web", "cli:ann", "")
			if err != nil {
				t.Fatal(err)
			}
			c.happens(w)
			changed := w.r.Changed()
			w.settle("web")
			if s := w.web(); s.Acts != ticket || w.calls()["restart"] > 0 {
				t.Errorf("acts %d of ticket %d, calls %v", s.Acts, ticket, w.calls())
			}
			select {
			case <-changed:
			default:
				t.Error("nobody is woken")
			}
			told := 0
			for _, e := range w.events {
				if e.Kind == KindWarning && strings.Contains(e.Message, "restart") && strings.Contains(e.Message, c.why) {
					told++
				}
			}
			if told != 1 {
				t.Errorf("told %d times that %s", told, c.why)
			}
		})
	}
}

func TestARestartOfWhatIsHeldWaitsForItsRelease(t *testing.T) {
	w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateRunning}))
	ticket, err := w.r.Restart("web", "cli:ann", "")
	if err != nil {
		t.Fatal(err)
	}
	w.desired.write(t, strings.Replace(one, "running", "{state: running, suspend: true}", 1))
	w.settle("web")
	if s := w.web(); s.Acts >= ticket || len(w.calls()) > 0 {
		t.Errorf("acts %d of ticket %d, calls %v", s.Acts, ticket, w.calls())
	}
	w.desired.write(t, one)
	w.settle()
	if s := w.web(); s.Acts != ticket || w.calls()["restart"] != 1 {
		t.Errorf("acts %d of ticket %d", s.Acts, ticket)
	}
}
