package reconcile

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/reconcile/plan"
)

// kubelets is how long after its exit a container is started again that
// crashed so often in a row, in seconds, as KEP-4603 has it; a tenth may be
// added.
var kubelets = []int{0, 10, 20, 40, 80, 160, 300}

func afterCrash(n int) time.Duration {
	return time.Duration(kubelets[min(n, len(kubelets))-1]) * time.Second
}

// starts tells when a container is started, and which.
func starts(e *sim.Engine) <-chan engine.Event {
	told := make(chan engine.Event, 100)
	e.Tap(func(event engine.Event) {
		if event.Action == engine.ActionStart {
			told <- event
		}
	})
	return told
}

func (l *Loop) service(t *testing.T, name string) Tracked {
	t.Helper()
	s, listed := ptr(l.Known()).Service(name)
	if !listed {
		t.Fatalf("%s is not listed", name)
	}
	return s
}

// TestEachStartOfACrashLoopIsWhenTheTableSays, for hours, and what is told
// between is when it will be.
func TestEachStartOfACrashLoopIsWhenTheTableSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		e.Create(ours("web", sim.Spec{State: engine.StateRunning}))
		l, _ := live(t, e, one)
		started := starts(e)
		crashes := 0
		for run := range 80 {
			lives := time.Second
			switch run {
			case 30:
				lives = 10*time.Minute - time.Second // too short to be forgotten
			case 50:
				lives = 10 * time.Minute
				crashes = 0
			}
			<-time.After(lives)
			e.Exit("p-web-1", 1)
			exit := time.Now()
			synctest.Wait()
			crashes++
			due := afterCrash(crashes)
			s := l.service(t, "web")
			if waits := s.Status == plan.StatusBackingOff; waits != (due > 0) || s.Backoff.Failures != crashes {
				t.Errorf("run %d: %s after %d crashes, failures %d", run, s.Status, crashes, s.Backoff.Failures)
			}
			select {
			case <-started:
			case <-time.After(time.Hour):
				t.Fatalf("run %d: not started again: %s", run, s.Message)
			}
			took := time.Since(exit)
			if took < due || took > due+due/10 {
				t.Errorf("run %d: started %s after the exit; want %s to %s", run, took, due, due+due/10)
			}
			if at := s.Backoff.NextAttempt; due > 0 && (at == nil || !at.Equal(exit.Add(took))) {
				t.Errorf("run %d: told to be started at %v, started at %v", run, at, exit.Add(took))
			}
			synctest.Wait()
			if s := l.service(t, "web"); s.Status != plan.StatusRunning || s.Backoff.NextAttempt != nil {
				t.Errorf("run %d: %s, next attempt %v, after its start", run, s.Status, s.Backoff.NextAttempt)
			}
		}
	})
}

// TestAFailedCallIsRepeatedWhenTheTableSays, for ever.
func TestAFailedCallIsRepeatedWhenTheTableSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		var calls []time.Time
		e.Before(func(call, _ string) {
			if call == "start" {
				calls = append(calls, time.Now())
			}
		})
		e.Create(ours("web", sim.Spec{State: engine.StateExited, Broken: "no such command"}))
		l, _ := live(t, e, one)
		<-time.After(20 * time.Minute)
		synctest.Wait()
		table := []int{1, 2, 4, 8, 16, 32, 60}
		for i := range len(calls) - 1 {
			took := calls[i+1].Sub(calls[i])
			due := time.Duration(table[min(i, len(table)-1)]) * time.Second
			if took < due || took > due+due/10 {
				t.Errorf("call %d was repeated after %s; want %s to %s", i+1, took, due, due+due/10)
			}
		}
		if s := l.service(t, "web"); len(calls) < 20 || s.StalledReason() != plan.ReasonProgress || s.Backoff.Failures != len(calls) {
			t.Errorf("%d calls in 20 minutes, %d failures: %s", len(calls), s.Backoff.Failures, s.Message)
		}
	})
}

// TestCallsThatChangeNothingAreMadeThreeTimes, until something changes.
func TestCallsThatChangeNothingAreMadeThreeTimes(t *testing.T) {
	w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateRunning}))
	w.engine.Idle("p-web-1", true)
	w.engine.Kill("p-web-1", 9)
	w.settle()
	w.pass(time.Hour)
	if s, n := w.web(), w.calls()["start"]; n != 3 || s.StalledReason() != plan.ReasonNoProgress {
		t.Errorf("%d starts: %s", n, s.Message)
	}
	w.engine.Idle("p-web-1", false)
	w.engine.HandStart("p-web-1")
	w.engine.Kill("p-web-1", 9)
	w.pass(time.Minute)
	w.expect("p-web-1 running")
}

// TestNothingFollowsFromALookThatIsOlderThanTheCall: after a start the engine
// can't tell for a while what came of it.
func TestNothingFollowsFromALookThatIsOlderThanTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		e.Create(ours("web", sim.Spec{State: engine.StateRunning}))
		l, _ := live(t, e, one)
		e.Calls()
		e.Before(func(call, _ string) {
			if call == "start" {
				for range 20 {
					e.FailNext("inspect", engine.ErrUnavailable)
				}
			}
		})
		e.Kill("p-web-1", 9)
		<-time.After(3 * time.Second)
		synctest.Wait()
		if s, n := l.service(t, "web"), e.Calls()["start"]; n != 1 || s.Status != plan.StatusStarting || !strings.Contains(s.Message, "can't be seen yet") {
			t.Errorf("%d starts; %s: %s", n, s.Status, s.Message)
		}
		<-time.After(5 * time.Minute)
		synctest.Wait()
		if s, n := l.service(t, "web"), e.Calls()["start"]; n != 0 || !s.Converged || s.Backoff.Failures != 1 {
			t.Errorf("%d more starts, %d failures; %s: %s", n, s.Backoff.Failures, s.Status, s.Message)
		}
	})
}
