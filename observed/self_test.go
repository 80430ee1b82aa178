package observed

import (
	"testing"

	"reconciler/engine"
	"reconciler/engine/sim"
)

func TestWhatThisProgramRunsInIsObservedAndWhoseNamespacesItShares(t *testing.T) {
	w := newWorld(t, "web")
	run := func(name string, shares ...string) string {
		return w.Create(sim.Spec{Name: name, State: engine.StateRunning, Since: w.now, Shares: shares})
	}
	foreign := run("foreign")
	w.Create(sim.Spec{Name: "web-2", State: engine.StateRunning, Shares: []string{foreign}, Labels: map[string]string{engine.LabelProject: "shop"}})
	run("pause")
	run("tun", "pause")
	vpn := run("vpn", "tun") // by its name
	us := run("us", vpn)
	for name, self := range map[string]engine.Self{
		"by its own ID":        {ID: us},
		"by its network's":     {ID: us, Network: vpn},
		"by its network alone": {Network: vpn},
	} {
		t.Run(name, func(t *testing.T) {
			w.observe(t, Options{Self: self})
			want := "pause running, tun running, us running, vpn running, web running, web-2 running"
			if self.ID == "" {
				want = "pause running, tun running, vpn running, web running, web-2 running"
			}
			w.wantView(t, want)
			w.Exit("tun", 1)
			w.Exit("foreign", 1)
			w.settle(t)
			if got := w.View().Containers[1]; got.State != engine.StateExited {
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
	w.observe(t, Options{Self: engine.Self{ID: "elsewhere", Network: "elsewhere"}})
	w.wantView(t, "web running")
	w.Calls()
	w.resync(t)
	w.wantCalls(t, map[string]int{"list": 1, "inspect": 1})
}

// A container is made anew, with the name of one that shares its namespace.
func TestNamespacesThatAreSharedInACircleAreFollowedOnce(t *testing.T) {
	w := newWorld(t, "web")
	us := w.Create(sim.Spec{Name: "us", State: engine.StateRunning, Shares: []string{"vpn"}})
	w.Create(sim.Spec{Name: "vpn", State: engine.StateRunning, Shares: []string{"us"}})
	w.observe(t, Options{Self: engine.Self{ID: us}})
	w.wantView(t, "us running, vpn running, web running")
}
