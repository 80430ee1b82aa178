package reconcile

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/reconcile/driver"
	"reconciler/reconcile/plan"
)

// inside is a world in which reconciler runs in p-us-1, or in the container of
// that name, in the network of p-vpn-1.
func inside(t *testing.T, state, us string) *world {
	t.Helper()
	w := newWorld(t, "version: 1\nproject: p\nservices: {}\n", ours("web", sim.Spec{State: engine.StateRunning}), ours("vpn", sim.Spec{State: engine.StateRunning}))
	vpn := w.id("p-vpn-1")
	spec := ours("us", sim.Spec{State: engine.StateRunning, Shares: []string{vpn}})
	if us != "p-us-1" {
		spec = sim.Spec{Name: us, State: engine.StateRunning, Shares: []string{vpn}}
	}
	w.self = engine.Self{ID: w.engine.Create(spec), Network: vpn}
	w.desired.write(t, state)
	w.untap()
	w.begin()
	w.engine.Calls()
	return w
}

func (w *world) id(name string) string {
	w.t.Helper()
	c, err := w.engine.Inspect(context.Background(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return c.ID
}

const all = "version: 1\nproject: p\ndefaults: {settle: 0s}\nservices:\n  web: running\n  vpn: running\n  us: running\n"

func TestOurselvesAndOurParentAreNotStoppedAndTheOthersAre(t *testing.T) {
	w := inside(t, all, "p-us-1")
	w.desired.write(t, strings.ReplaceAll(all, "running", "stopped"))
	w.settle()
	w.expect("p-us-1 running\np-vpn-1 running\np-web-1 exited(143)")
	w.pass(time.Hour)
	if c := w.calls(); c["stop"] != 1 || len(c) != 1 {
		t.Errorf("calls: %v", c)
	}
	o := w.r.Known()
	for name, says := range map[string]string{"us": "p-us-1 is the container in which reconciler runs", "vpn": "p-vpn-1 is the owner of a namespace that p-us-1 shares"} {
		s, _ := o.Service(name)
		if s.StalledReason() != plan.ReasonSelf || !strings.HasPrefix(s.Message, says) || !strings.HasSuffix(s.Message, "docker stop p-"+name+"-1") || s.Desired != "stopped" || s.Status != "running" {
			t.Errorf("%s: %s %s %s: %s", name, s.Desired, s.Status, s.StalledReason(), s.Message)
		}
		if _, err := w.r.Restart(w.key(name), "cli:ann", ""); !errors.Is(err, ErrRefused) {
			t.Errorf("restart %s while it is wanted stopped: %v", name, err)
		}
	}
	w.desired.write(t, all)
	w.settle()
	w.expect("p-us-1 running\np-vpn-1 running\np-web-1 running")
	for _, name := range []string{"us", "vpn"} {
		if _, err := w.r.Restart(w.key(name), "cli:ann", ""); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "docker restart p-"+name+"-1") {
			t.Errorf("restart %s: %v", name, err)
		}
	}
	if c := w.calls(); c["start"] != 1 || len(c) != 1 {
		t.Errorf("calls: %v", c)
	}
}

func TestWhatAReconcilerOfNoProjectSharesIsGuarded(t *testing.T) {
	const two = "version: 1\nproject: p\nservices:\n  web: stopped\n  vpn: stopped\n"
	w := inside(t, two, "watcher")
	w.expect("p-vpn-1 running\np-web-1 exited(143)\nwatcher running")
}

// TestTheGuardFollowsWhatIsSeen: nothing but what is guarded has changed for vpn.
func TestTheGuardFollowsWhatIsSeen(t *testing.T) {
	w := newWorld(t, "version: 1\nproject: p\nservices:\n  vpn: running\n", ours("vpn", sim.Spec{State: engine.StateRunning}))
	w.self.ID = w.engine.Create(sim.Spec{Name: "watcher", State: engine.StateRunning, Shares: []string{w.id("p-vpn-1")}})
	w.desired.write(t, "version: 1\nproject: p\nservices:\n  vpn: stopped\n")
	w.untap()
	w.begin()
	w.pass(time.Hour)
	w.expect("p-vpn-1 running\nwatcher running")
	w.engine.Remove("watcher")
	w.settle()
	w.expect("p-vpn-1 exited(143)")
}

func TestTheGuardIsAskedAgainRightBeforeTheCall(t *testing.T) {
	for name, c := range map[string]struct{ state, service string }{
		"a stop":    {strings.Replace(all, "vpn: running", "vpn: stopped", 1), "vpn"},
		"a restart": {all, "vpn"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, all, ours("web", sim.Spec{State: engine.StateRunning}), ours("vpn", sim.Spec{State: engine.StateRunning}), ours("us", sim.Spec{State: engine.StateRunning}))
			if name == "a restart" {
				if _, err := w.r.Restart(w.key("vpn"), "cli:ann", ""); err != nil {
					t.Fatal(err)
				}
			}
			w.desired.write(t, c.state)
			calls, _ := w.r.Decide(w.key(c.service))
			if len(calls) != 1 {
				t.Fatalf("decided: %+v", calls)
			}
			was := w.engine.String()
			w.is(engine.Self{ID: w.id("p-vpn-1")})
			w.engine.Calls()
			w.r.Carry(t.Context(), calls[0])
			w.settle("vpn")
			w.pass(time.Hour)
			if c := w.calls(); len(c) > 0 || w.engine.String() != was {
				t.Errorf("calls: %v, the world was\n%sand is\n%s", c, was, w.engine)
			}
			o := w.r.Known()
			s, _ := o.Service("vpn")
			if !strings.Contains(s.LastError, "docker "+strings.Fields(name)[1]+" p-vpn-1") {
				t.Errorf("it says %q", s.LastError)
			}
			if stalled := s.StalledReason() == plan.ReasonSelf; stalled != (name == "a stop") {
				t.Errorf("stalled: %q", s.StalledReason())
			}
			failed := 0
			for _, e := range w.events {
				if e.Kind == KindAction && e.Outcome == OutcomeError && errors.Is(e.Err, driver.ErrGuarded) {
					failed++
				}
			}
			if failed != 1 {
				t.Errorf("it was told of %d times", failed)
			}
		})
	}
}

func TestARestartIsNotFollowedByWhatReconcilerRunsIn(t *testing.T) {
	w := newWorld(t, three,
		after("web", "db:service_started:true", sim.Spec{State: engine.StateRunning}),
		after("api", "db:service_started:true", sim.Spec{State: engine.StateRunning}),
		ours("db", sim.Spec{State: engine.StateRunning}))
	w.self = engine.Self{ID: w.id("p-web-1")}
	w.untap()
	w.begin()
	if _, err := w.r.Restart(w.key("db"), "cli:ann", ""); err != nil {
		t.Fatal(err)
	}
	w.settle("db")
	if got := w.order("restart"); got != "p-db-1 p-api-1" {
		t.Errorf("restarted: %s", got)
	}
	told := 0
	for _, e := range w.events {
		if e.Kind == KindWarning && strings.Contains(e.Message, "docker restart p-web-1") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("it was told of %d times", told)
	}
}
