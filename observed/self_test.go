package observed

import (
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

// begin looks anew, as what runs in that container.
func (w *world) begin(t *testing.T, self engine.Self) {
	t.Helper()
	w.Observer = New(Options{Engine: tampered{w}, Project: "shop", Now: func() time.Time { return w.now }, Self: self})
	t.Cleanup(w.Tap(w.Note))
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestWhatThisProgramRunsInIsObservedAndWhoseNamespacesItShares(t *testing.T) {
	w := newWorld(t, "web")
	run := func(name string, shares ...string) string {
		return w.Create(sim.Spec{Name: name, State: engine.StateRunning, Since: w.now, Shares: shares})
	}
	run("foreign")
	run("tun")
	vpn := run("vpn", "tun")
	us := run("us", vpn)
	for name, self := range map[string]engine.Self{
		"by its own ID":        {ID: us},
		"by its network's":     {ID: us, Network: vpn},
		"by its network alone": {Network: vpn},
	} {
		t.Run(name, func(t *testing.T) {
			w.begin(t, self)
			want := "tun running, us running, vpn running, web running"
			if self.ID == "" {
				want = "tun running, vpn running, web running"
			}
			w.wantView(t, want)
			w.Exit("tun", 1)
			w.Exit("foreign", 1)
			w.settle(t)
			if got := w.View().Containers[0]; got.State != engine.StateExited {
				t.Errorf("%s is %s", got.Name, got.State)
			}
			w.HandStart("tun")
			w.HandStart("foreign")
			w.settle(t)
			w.wantView(t, want)
			w.resync(t)
			w.wantView(t, want)
		})
	}
}

func TestAnEngineThatDoesNotHaveThisProgramsContainerIsAskedForItOnceALook(t *testing.T) {
	w := newWorld(t, "web")
	w.begin(t, engine.Self{ID: "elsewhere", Network: "elsewhere"})
	w.wantView(t, "web running")
	w.Calls()
	w.resync(t)
	w.wantCalls(t, map[string]int{"list": 1, "inspect": 1})
}
