package reconcile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/engine/sim"
)

var errLost = fmt.Errorf("%w: the lock was removed", desired.ErrUnheld)

// The decision is made before the directory is lost, the call is not made after.
func TestNothingIsCalledOnceAnotherMayKeepTheFile(t *testing.T) {
	w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateRunning}))
	w.calls()
	w.engine.Kill("p-web-1", 9)
	if err := w.observer.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls, _ := w.r.Decide(w.key("web"))
	if len(calls) != 1 {
		t.Fatalf("decided %v, want a start", calls)
	}
	w.desired.lose(errLost)
	w.events = nil
	w.r.Carry(t.Context(), calls[0])
	if calls, _ := w.r.Decide(w.key("web")); len(calls) > 0 || len(w.calls()) > 0 {
		t.Errorf("decided %v, called %v", calls, w.calls())
	}
	s := w.web()
	if c, _ := s.Condition(Ready); s.Status != "unknown" || c.Reason != "NotHeld" || !strings.Contains(s.Message, "the lock was removed") {
		t.Errorf("%s %s: %s", s.Status, c.Reason, s.Message)
	}
	if len(w.events) != 1 || w.events[0].Kind != KindWarning || !errors.Is(w.events[0].Err, desired.ErrUnheld) {
		t.Errorf("told: %v", w.events)
	}
	if _, err := w.r.Restart(w.key("web"), "ann", ""); !errors.Is(err, desired.ErrUnheld) {
		t.Errorf("a restart: %v, want ErrUnheld", err)
	}
	if _, err := w.r.Plan(); !errors.Is(err, desired.ErrUnheld) {
		t.Errorf("a plan: %v, want ErrUnheld", err)
	}
	w.desired.back()
	if !w.r.tick() || w.r.tick() {
		t.Error("that it is held again is not told once")
	}
	w.settle("web")
	w.expect("p-web-1 running")
	if w.desired.saves == 0 {
		t.Error("what is remembered is not saved again")
	}
}

func TestTheLoopStopsActingWhileItIsNotHeldAndGoesOnAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		e.Create(ours("web", sim.Spec{State: engine.StateRunning}))
		e.Create(ours("db", sim.Spec{}))
		l, k := live(t, e, two)
		k.lose(errLost)
		e.Kill("p-web-1", 9)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := e.String(); !strings.Contains(got, "p-web-1 exited") {
			t.Errorf("it acted:\n%s", got)
		}
		for _, s := range l.Known().Services { // also what nothing happens to
			if s.Status != "unknown" || !strings.Contains(s.Message, "the lock was removed") {
				t.Errorf("%s is told as %s: %s", s.Name, s.Status, s.Message)
			}
		}
		if why := l.Readiness(); len(why) != 1 || !strings.Contains(why[0], "the lock was removed") || !l.Alive() {
			t.Errorf("readiness %q, alive %v", why, l.Alive())
		}
		k.back()
		time.Sleep(TickEvery)
		synctest.Wait()
		if got := e.String(); !strings.Contains(got, "p-web-1 running") {
			t.Errorf("held again:\n%s", got)
		}
		if why := l.Readiness(); len(why) > 0 {
			t.Errorf("held again, and not ready: %q", why)
		}
	})
}

func TestWhatTheUserShouldKnowOfTheFileIsInTheStatus(t *testing.T) {
	w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateRunning}))
	if got := w.r.Known().Warnings; got == nil || len(got) > 0 {
		t.Errorf("none: %q", got)
	}
	w.desired.warnings = []string{"everybody may write it"}
	if got := w.r.Known().Warnings; len(got) != 1 || got[0] != "everybody may write it" {
		t.Errorf("got %q", got)
	}
}
