package reconcile

import (
	"errors"
	"strings"
	"testing"
	"time"

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
			w.is(engine.Self{ID: w.id("p-web-1"), Network: w.id("p-web-2")})
		}, "docker restart p-web-"},
		"gone": {func(w *world) { w.engine.Remove("p-web-1"); w.engine.Remove("p-web-2") }, "is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, pair, ours("web", sim.Spec{State: engine.StateRunning}), ours("web", sim.Spec{Name: "p-web-2", State: engine.StateRunning}))
			ticket, err := w.r.Restart(w.key("web"), "cli:ann", "")
			if err != nil {
				t.Fatal(err)
			}
			c.happens(w)
			changed := w.r.Changed()
			w.settle("web")
			if acts := w.web().Acts; acts.Ended != ticket || acts.Failed != ticket || !strings.Contains(acts.Why, c.why) || w.calls()["restart"] > 0 {
				t.Errorf("%+v of ticket %d, calls %v", acts, ticket, w.calls())
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

// Why it is given up stays to be read, until something else is tried.
func TestWhyARestartIsGuardedStays(t *testing.T) {
	w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateRunning}))
	if _, err := w.r.Restart(w.key("web"), "cli:ann", ""); err != nil {
		t.Fatal(err)
	}
	w.is(engine.Self{ID: w.id("p-web-1")})
	for range 3 {
		w.settle("web")
		if is := w.web(); !strings.Contains(is.LastError, "docker restart p-web-1") || !is.Converged {
			t.Errorf("converged %t, last error %q", is.Converged, is.LastError)
		}
	}
}

// The call was under way when the restart was given up: how it ends says nothing
// of the next one.
func TestAFailureOfARestartThatWasGivenUpIsNotTheNextOnes(t *testing.T) {
	w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateRunning}))
	if _, err := w.r.Restart(w.key("web"), "cli:ann", ""); err != nil {
		t.Fatal(err)
	}
	calls, _ := w.r.Decide(w.key("web"))
	w.engine.FailNext("restart", errors.New("driver failed"))
	w.engine.Before(func(call, _ string) {
		if call == "restart" {
			w.desired.write(t, strings.Replace(one, "running", "stopped", 1))
			w.r.Decide(w.key("web"))
		}
	})
	w.r.Carry(t.Context(), calls[0])
	w.engine.Before(nil)
	w.settle("web")
	w.desired.write(t, one)
	w.settle()
	ticket, err := w.r.Restart(w.key("web"), "cli:ann", "")
	if err != nil {
		t.Fatal(err)
	}
	w.settle("web")
	if acts := w.web().Acts; acts.Ended != ticket || acts.Failed >= ticket {
		t.Errorf("%+v of ticket %d", acts, ticket)
	}
}

// The engine made it, and its answer was lost.
func TestARestartThatWasMadeWithoutAnAnswerIsMadeOnce(t *testing.T) {
	w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateRunning}))
	ticket, err := w.r.Restart(w.key("web"), "cli:ann", "")
	if err != nil {
		t.Fatal(err)
	}
	w.engine.FailNext("restart", engine.ErrUnavailable)
	w.engine.Before(func(call, _ string) {
		if call == "restart" {
			w.now = w.now.Add(time.Second)
			w.engine.HandStop("p-web-1")
			w.engine.HandStart("p-web-1")
		}
	})
	w.settle("web")
	w.engine.Before(nil)
	w.pass(time.Minute)
	if acts, calls := w.web().Acts, w.calls(); acts.Ended != ticket || acts.Failed >= ticket || calls["restart"] != 1 {
		t.Errorf("%+v of ticket %d, calls %v", acts, ticket, calls)
	}
}

// It would be stopped again at once.
func TestAJobThatIsWantedStoppedIsNotRestarted(t *testing.T) {
	w := newWorld(t, "version: 1\nproject: p\nservices:\n  web: {job: true, state: stopped}\n", ours("web", sim.Spec{State: engine.StateExited}))
	if _, err := w.r.Restart(w.key("web"), "cli:ann", ""); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "start it first") {
		t.Errorf("%v", err)
	}
}

func TestARestartOfWhatIsHeldWaitsForItsRelease(t *testing.T) {
	w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateRunning}))
	ticket, err := w.r.Restart(w.key("web"), "cli:ann", "")
	if err != nil {
		t.Fatal(err)
	}
	w.desired.write(t, strings.Replace(one, "running", "{state: running, suspend: true}", 1))
	w.settle("web")
	if s := w.web(); s.Acts.Ended >= ticket || len(w.calls()) > 0 {
		t.Errorf("acts %d of ticket %d, calls %v", s.Acts.Ended, ticket, w.calls())
	}
	w.desired.write(t, one)
	w.settle()
	if s := w.web(); s.Acts.Ended != ticket || w.calls()["restart"] != 1 {
		t.Errorf("acts %d of ticket %d", s.Acts.Ended, ticket)
	}
}

// A restart that the engine refuses, or the guard, has ended and failed, with
// the reason; one that it could not be asked for is made later.
func TestARestartThatFailsIsNoRestart(t *testing.T) {
	const pair = "version: 1\nproject: p\nservices:\n  web: {state: running, replicas: 2}\n"
	for name, c := range map[string]struct {
		happens func(*world)
		why     string // empty: it doesn't fail
	}{
		"made":            {func(*world) {}, ""},
		"the first fails": {func(w *world) { w.engine.FailNext("restart", errors.New("driver failed")) }, "driver failed"},
		"refused": {func(w *world) {
			w.engine.FailNext("restart", &engine.Refusal{Words: "plugin denied it"})
		}, "p-web-1 can't restart: the engine refused it: plugin denied it"},
		"no answer": {func(w *world) { w.engine.FailNext("restart", engine.ErrUnavailable) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, pair, ours("web", sim.Spec{State: engine.StateRunning}), ours("web", sim.Spec{Name: "p-web-2", State: engine.StateRunning}))
			ask := func() Acts {
				ticket, err := w.r.Restart(w.key("web"), "cli:ann", "")
				if err != nil {
					t.Fatal(err)
				}
				w.settle("web")
				w.pass(time.Minute)
				acts := w.web().Acts
				if acts.Ended != ticket {
					t.Fatalf("%+v of ticket %d", acts, ticket)
				}
				return acts
			}
			c.happens(w)
			acts := ask()
			if failed := acts.Failed == acts.Ended; failed != (c.why != "") || !strings.Contains(acts.Why, c.why) {
				t.Errorf("%+v, want %q", acts, c.why)
			}
			if next := ask(); next.Failed == next.Ended {
				t.Errorf("the next one: %+v", next)
			}
		})
	}
}

func TestARestartThatTheGuardStopsIsNoRestart(t *testing.T) {
	w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateRunning}))
	ticket, err := w.r.Restart(w.key("web"), "cli:ann", "")
	if err != nil {
		t.Fatal(err)
	}
	calls, _ := w.r.Decide(w.key("web"))
	w.is(engine.Self{ID: w.id("p-web-1")})
	w.r.Carry(t.Context(), calls[0])
	if acts := w.web().Acts; acts.Failed != ticket || acts.Ended != ticket || !strings.Contains(acts.Why, "docker restart p-web-1") {
		t.Errorf("%+v of ticket %d", acts, ticket)
	}
}
