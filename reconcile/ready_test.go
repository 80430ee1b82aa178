package reconcile

import (
	"strings"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

// unready are the reasons for which it was told that web isn't ready, in order.
func (w *world) unready() string {
	var reasons []string
	for _, e := range w.events {
		if e.Kind != KindNotReady || e.Service != "web" {
			continue
		}
		if e.Message == "" || e.Generation != w.desired.snap.Generation {
			w.t.Errorf("%+v", e)
		}
		reasons = append(reasons, string(e.Reason))
	}
	return strings.Join(reasons, " ")
}

// The promise: what isn't as it should be is told, with why and what happens
// next. Once for each reason, and not where an event of another kind says so.
func TestWhyAServiceIsNotReadyIsToldOnce(t *testing.T) {
	running := sim.Spec{State: engine.StateRunning}
	sick := func(h engine.Health) sim.Spec { return sim.Spec{State: engine.StateRunning, Health: h} }
	flip := func(w *world) { w.desired.write(t, one); w.settle() }
	stopped := strings.Replace(one, "running", "stopped", 1)
	for name, c := range map[string]struct {
		state   string
		web     sim.Spec
		happens func(*world)
		want    string
	}{
		"crashes, restarted by the engine": {one, sim.Spec{State: engine.StateRunning, Always: true}, func(w *world) {
			for range 6 {
				w.engine.Exit("p-web-1", 1)
				w.settle()
				w.pass(time.Second)
			}
		}, "CrashLoop"},
		"never healthy": {one, sick(engine.HealthStarting), func(w *world) {
			w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
			w.settle()
		}, "NeverHealthy"},
		"unhealthy, and well again within its grace, twice": {one, sick(engine.HealthHealthy), func(w *world) {
			for range 2 {
				w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
				w.settle()
				w.pass(10 * time.Second)
				w.engine.SetHealth("p-web-1", engine.HealthHealthy)
				w.settle()
			}
		}, "Unhealthy Unhealthy"},
		"unhealthy, and restarted": {one, sick(engine.HealthHealthy), func(w *world) {
			w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
			w.settle()
		}, "Unhealthy"},
		"between two attempts of the engine": {one, running, func(w *world) {
			w.engine.SetState("p-web-1", engine.StateRestarting)
			w.untap()
			w.begin()
		}, "EngineRestarting"},
		"dies while it is suspended": {strings.Replace(one, "running", "{state: running, suspend: true}", 1), running, func(w *world) {
			w.engine.Kill("p-web-1", 9)
			w.settle()
		}, "Suspended"},
		"flipped while somebody is at work on it": {stopped, sim.Spec{State: engine.StateExited}, func(w *world) {
			w.engine.HandStart("p-web-1")
			w.engine.HandStop("p-web-1")
			w.settle()
			flip(w)
		}, "Settle"},
		"flipped, and its port is taken": {stopped, sim.Spec{State: engine.StateExited, Publishes: []engine.Port{http8080}}, func(w *world) {
			w.engine.Occupy(http8080, "nginx", 712)
			flip(w)
		}, "PortTaken"},

		"killed":                     {one, running, func(w *world) { w.engine.Kill("p-web-1", 9); w.settle() }, ""},
		"stopped by hand":            {one, running, func(w *world) { w.engine.HandStop("p-web-1"); w.settle() }, ""},
		"paused":                     {one, running, func(w *world) { w.engine.Pause("p-web-1"); w.settle() }, ""},
		"gone":                       {one, running, func(w *world) { w.engine.Remove("p-web-1"); w.settle() }, ""},
		"flipped":                    {stopped, sim.Spec{State: engine.StateExited}, flip, ""},
		"flipped, with a probe":      {stopped, sim.Spec{State: engine.StateExited, Health: engine.HealthStarting}, flip, ""},
		"a job that is started":      {strings.Replace(one, "running", "completed", 1), sim.Spec{State: engine.StateExited, ExitCode: 1}, func(*world) {}, ""},
		"crashes, and we restart it": {one, sim.Spec{State: engine.StateRunning, Lives: time.Second, Code: 1}, func(*world) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.state, ours("web", c.web))
			c.happens(w)
			w.pass(2 * time.Minute)
			if got := w.unready(); got != c.want {
				t.Errorf("told %q, want %q", got, c.want)
			}
		})
	}
}

func TestAFlipThatWaitsForItsDependencyIsTold(t *testing.T) {
	state := strings.Replace(three, "web: running", "web: stopped", 1)
	w := newWorld(t, state, after("web", "db:service_healthy:false", sim.Spec{State: engine.StateExited}),
		ours("api", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{State: engine.StateRunning, Health: engine.HealthStarting}))
	w.desired.write(t, three)
	w.settle()
	w.pass(time.Minute)
	if got := w.unready(); got != "Dependency" {
		t.Errorf("told %q", got)
	}
}

func TestANamespaceThatIsGoneAtTheFirstLookIsTold(t *testing.T) {
	w := newWorld(t, "version: 1\nproject: p\nservices: {vpn: running}\n", ours("vpn", sim.Spec{State: engine.StateRunning}))
	w.engine.Create(ours("web", sim.Spec{State: engine.StateRunning, Shares: []string{w.id("p-vpn-1")}, Since: w.now.Add(-time.Hour)}))
	w.desired.write(t, "version: 1\nproject: p\nservices: {vpn: running, web: running}\n")
	w.untap()
	w.begin()
	w.pass(time.Minute)
	if got := w.unready(); got != "ParentChanged" || w.web().Ready {
		t.Errorf("told %q, ready %v", got, w.web().Ready)
	}
}
