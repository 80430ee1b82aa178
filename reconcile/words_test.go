package reconcile

import (
	"errors"
	"strings"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/reconcile/plan"
)

const one = "version: 1\nproject: p\nservices:\n  web: running\n"

var http8080 = engine.Port{HostIP: "0.0.0.0", Host: 8080, Container: 80, Protocol: "tcp"}

// web returns what is said of the service.
func (w *world) web() Tracked {
	w.t.Helper()
	s, listed := ptr(w.r.Known()).Service("web")
	if !listed {
		w.t.Fatal("web is not listed")
	}
	return s
}

// wantReconciling fails the test unless the service waits for that reason, and
// its message and its last error have these words.
func (w *world) wantReconciling(reason plan.Reason, words string) {
	w.t.Helper()
	s := w.web()
	c, _ := s.Condition(Reconciling)
	if c.Reason != string(reason) || s.Status != plan.StatusBackingOff || s.Ready || s.Converged {
		w.t.Errorf("%s, %+v, want backing off for %s", s.Status, s.Conditions, reason)
	}
	if !strings.Contains(s.Message, words) || !strings.Contains(s.LastError, words) {
		w.t.Errorf("message %q, last error %q, want them to say %q", s.Message, s.LastError, words)
	}
}

// wantFailed fails the test unless the last event of a call tells why it failed
// in words for a person, and with those of the engine.
func (w *world) wantFailed(reason plan.Reason, words string) {
	w.t.Helper()
	var last Event
	for _, e := range w.events {
		if e.Kind == KindAction {
			last = e
		}
	}
	if last.Outcome != OutcomeError || last.Reason != reason || last.Message != words || last.Err == nil {
		w.t.Errorf("told: %+v", last)
	}
}

func TestAPortThatAProcessHasIsToldAndTheServiceRunsOnceItIsFree(t *testing.T) {
	w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateRunning, Publishes: []engine.Port{http8080}}))
	w.engine.Kill("p-web-1", 9)
	w.engine.Occupy(engine.Port{HostIP: "127.0.0.1", Host: 8080, Protocol: "tcp"}, "nginx", 712)
	w.settle()
	w.wantReconciling(plan.ReasonPortTaken, "p-web-1 can't start: port 8080/tcp is held by process nginx (pid 712)")
	w.wantFailed(plan.ReasonPortTaken, "p-web-1 can't start: port 8080/tcp is held by process nginx (pid 712)")
	w.pass(5 * time.Minute)
	w.expect("p-web-1 exited(137)")
	w.engine.Vacate()
	w.pass(70 * time.Second)
	w.expect("p-web-1 running")
	if s := w.web(); !s.Converged || s.LastError != "" {
		t.Errorf("it runs, and is %s, last error %q", s.Message, s.LastError)
	}
}

func TestAPortThatAnotherProjectHasIsToldAndNobodyIsTouched(t *testing.T) {
	w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateExited, Publishes: []engine.Port{http8080}}),
		sim.Spec{Name: "dns", State: engine.StateRunning, Publishes: []engine.Port{{Host: 8080, Protocol: "udp"}}},
		sim.Spec{
			Name: "other-web-1", State: engine.StateRunning, Publishes: []engine.Port{http8080},
			Labels: map[string]string{engine.LabelProject: "other"},
		})
	w.wantReconciling(plan.ReasonPortTaken, "port 8080/tcp is held by container other-web-1 (project other)")
	calls := w.calls()
	if calls["start"] != 1 || calls["holder"] != 1 || len(calls) != 2 {
		t.Errorf("calls: %v, want a start and who has the port", calls)
	}
	w.pass(5 * time.Minute)
	w.expect("dns running\nother-web-1 running\np-web-1 exited(0)")
	w.engine.HandStop("other-web-1")
	w.pass(70 * time.Second)
	w.expect("dns running\nother-web-1 exited(143)\np-web-1 running")
}

func TestWhoHasAPortIsAskedOnlyForAPort(t *testing.T) {
	w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateExited, Broken: "no such command"}))
	w.wantReconciling(plan.ReasonCommandNotFound, "its command /broken was not found")
	w.wantFailed(plan.ReasonCommandNotFound, "p-web-1 can't start: its command /broken was not found in the image (127): mend its command or entrypoint, or the image")
	w.pass(5 * time.Minute)
	if calls := w.calls(); calls["start"] < 3 || calls["holder"] != 0 {
		t.Errorf("calls: %v", calls)
	}
}

func TestAPortIsToldWhereItsHolderCanNotBeAsked(t *testing.T) {
	w := newWorld(t, strings.Replace(one, "running", "stopped", 1),
		ours("web", sim.Spec{State: engine.StateExited, Publishes: []engine.Port{http8080}}))
	w.engine.Occupy(http8080, "nginx", 712)
	w.engine.FailNext("holder", errors.New("no answer"))
	w.desired.write(t, one)
	w.settle()
	w.wantReconciling(plan.ReasonPortTaken, "port 8080/tcp is taken")
}

// Nothing is resynced here: what the orphan does must wake the service.
func TestAnOrphanInTheWayIsNamedAndTheServiceStartsOnceItStops(t *testing.T) {
	volume := []engine.Mount{{Volume: true, Source: "data"}}
	for name, c := range map[string]struct {
		ours, orphans sim.Spec
		has           string
	}{
		"a port":   {sim.Spec{Publishes: []engine.Port{http8080}}, sim.Spec{Publishes: []engine.Port{http8080}}, "holds port 8080/tcp"},
		"a volume": {sim.Spec{Mounts: volume}, sim.Spec{Mounts: volume}, "writes to volume data"},
	} {
		t.Run(name, func(t *testing.T) {
			c.ours.State, c.orphans.State = engine.StateExited, engine.StateRunning
			w := newWorld(t, one, ours("web", c.ours), ours("old", c.orphans))
			w.pass(20 * time.Minute)
			s := w.web()
			if s.StalledReason() != plan.ReasonOrphan || !strings.Contains(s.Message, "p-old-1") || !strings.Contains(s.Message, c.has) {
				t.Errorf("%+v, want it stalled by p-old-1, which %s", s.Conditions, c.has)
			}
			if calls := w.calls(); len(calls) > 0 {
				t.Errorf("calls: %v", calls)
			}
			w.engine.HandStop("p-old-1")
			w.settle()
			w.expect("p-old-1 exited(143)\np-web-1 running")

			w.engine.HandStart("p-old-1") // it runs beside it: nobody is stopped
			w.pass(time.Minute)
			if calls := w.calls(); calls["stop"] > 0 {
				t.Errorf("calls: %v", calls)
			}
		})
	}
}
