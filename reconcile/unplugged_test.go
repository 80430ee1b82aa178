package reconcile

import (
	"slices"
	"strings"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/reconcile/plan"
)

// plugged publishes a port that other has, and loses a network by each start
// that fails for it.
var plugged = sim.Spec{State: engine.StateExited, Publishes: []engine.Port{http8080}, Networks: []string{"back", "front"}, Unplugs: true}

var other = sim.Spec{Name: "other", State: engine.StateRunning, Publishes: []engine.Port{http8080}}

// networks are those of p-web-1, as observed.
func (w *world) networks() []engine.Network {
	w.t.Helper()
	for _, c := range w.observer.View().Containers {
		if c.Name == "p-web-1" {
			return c.Networks
		}
	}
	w.t.Fatal("there is no p-web-1")
	return nil
}

func TestWhatAFailedStartHasTakenIsPutBackAndItIsTriedAgain(t *testing.T) {
	w := newWorld(t, one, ours("web", plugged), other)
	before := w.networks()
	w.engine.Calls()
	w.pass(9 * time.Minute)
	w.wantReconciling(plan.ReasonPortTaken, "held by container other")
	if now := w.networks(); len(before) != 2 || !slices.Equal(now, before) {
		t.Errorf("its networks are %v, want %v", now, before)
	}
	calls := w.engine.Calls()
	if n := calls["start"]; n < 10 || calls["reconnect"] != n || calls["inspect"] != 2*n || calls["list"] > 0 {
		t.Errorf("calls: %v", calls)
	}
	w.engine.HandStop("other")
	w.engine.Calls()
	w.pass(2 * time.Minute)
	w.expect("other exited(143)\np-web-1 running")
	if calls := w.engine.Calls(); calls["start"] != 1 || calls["inspect"] > 2 || calls["reconnect"]+calls["list"] > 0 {
		t.Errorf("calls of a start that succeeds: %v", calls)
	}
}

func TestARestartThatFailsIsPutBackToo(t *testing.T) {
	running := plugged
	running.State = engine.StateRunning
	w := newWorld(t, one, ours("web", running))
	w.engine.Occupy(http8080, "nginx", 1)
	if _, err := w.r.Restart(w.key("web"), "ann", ""); err != nil {
		t.Fatal(err)
	}
	w.settle("web")
	w.wantReconciling(plan.ReasonPortTaken, "held by process nginx")
	w.engine.Vacate()
	w.pass(2 * time.Minute)
	w.expect("p-web-1 running")
	if now := w.networks(); len(now) != 2 {
		t.Errorf("it runs in %v", now)
	}
}

func TestWhoeverIsQuickerThanPuttingBackIsLeftAlone(t *testing.T) {
	w := newWorld(t, one, ours("web", plugged), other)
	refused := false
	w.engine.Before(func(call, _ string) {
		if refused = refused || call == "start"; refused && call == "inspect" {
			w.engine.HandStart("p-web-1")
		}
	})
	w.engine.Calls()
	w.pass(time.Minute)
	w.expect("other running\np-web-1 running")
	if calls := w.calls(); calls["start"] != 1 || calls["reconnect"] > 0 {
		t.Errorf("calls: %v", calls)
	}
}

func TestAContainerThatLostItsNetworksIsNotStarted(t *testing.T) {
	for name, c := range map[string]struct {
		networks []string
		refused  bool // it can't be put back
		why      string
	}{
		"what it had isn't known": {nil, false, "(moby#51758), and"},
		"its only one":            {[]string{"back"}, true, "could not be put back (reconnect"},
		"one of two":              {[]string{"back", "front"}, true, "could not be put back (reconnect"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := plugged
			spec.Networks, spec.State = c.networks, engine.StateRunning
			w := newWorld(t, one, ours("web", spec))
			if c.refused {
				w.engine.FailNext("reconnect", engine.ErrInvalid)
			}
			w.engine.Create(other)
			w.engine.Exit("p-web-1", 1)
			w.settle()
			if s := w.web(); s.StalledReason() != plan.ReasonNetworkLost || !strings.Contains(s.Message, "held by container other") || !strings.Contains(s.Message, c.why) {
				t.Errorf("%+v", s.Conditions)
			}
			w.engine.HandStop("other")
			w.calls()
			w.pass(time.Hour)
			if calls := w.calls(); len(calls) > 0 {
				t.Errorf("calls: %v", calls)
			}
			remade(w)
		})
	}
}

// remade makes the container again, which is then started.
func remade(w *world) {
	w.t.Helper()
	w.engine.Remove("p-web-1")
	w.engine.Create(ours("web", sim.Spec{Publishes: []engine.Port{http8080}}))
	w.pass(time.Minute)
	w.expect("other exited(143)\np-web-1 running")
}
