package reconcile

import (
	"fmt"
	"slices"
	"sync/atomic"
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

func (l *Loop) service(t *testing.T, name string) Service {
	t.Helper()
	s, listed := ptr(l.Overview()).Service(name)
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

// crowd is a host of that many crash loops, each of which lives for a second,
// and when each was started by us.
type crowd struct {
	*Loop
	engine *sim.Engine
	names  []string
	begun  map[string][]time.Time // by container
	ended  map[string][]time.Time
	all    []time.Time
}

func newCrowd(t *testing.T, size int) *crowd {
	t.Helper()
	c := &crowd{engine: sim.New(sim.Options{}), begun: map[string][]time.Time{}, ended: map[string][]time.Time{}}
	state := "version: 1\nproject: p\nservices:\n"
	for i := range size {
		service := fmt.Sprintf("s%02d", i)
		state += "  " + service + ": running\n"
		c.names = append(c.names, "p-"+service+"-1")
		c.engine.Create(ours(service, sim.Spec{State: engine.StateRunning}))
	}
	c.Loop, _ = live(t, c.engine, state)
	c.engine.Tap(func(event engine.Event) {
		switch event.Action {
		case engine.ActionDie:
			c.ended[event.Name] = append(c.ended[event.Name], time.Now())
		case engine.ActionStart:
			c.begun[event.Name] = append(c.begun[event.Name], time.Now())
			c.all = append(c.all, time.Now())
			time.AfterFunc(time.Second, func() { c.engine.Exit(event.Name, 1) })
		}
	})
	return c
}

// crash ends all of them at once.
func (c *crowd) crash() {
	for _, name := range c.names {
		c.engine.Exit(name, 1)
	}
	synctest.Wait()
}

// within fails the test if more crash restarts began within the budget's window
// than it allows.
func (c *crowd) within(t *testing.T) {
	t.Helper()
	for i := budgetSize; i < len(c.all); i++ {
		if took := c.all[i].Sub(c.all[i-budgetSize]); took < budgetWindow {
			t.Fatalf("starts %d to %d began within %s", i-budgetSize+1, i+1, took)
		}
	}
}

// TestThirtyCrashLoopsKeepTheHostsBudget, and each its table, and none starves.
func TestThirtyCrashLoopsKeepTheHostsBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 30)
		began := time.Now()
		c.crash()
		waiting := 0
		for _, s := range c.Overview().Services {
			why, _ := s.Condition(Reconciling)
			if s.Status != plan.StatusWaiting {
				continue
			}
			waiting++
			if why.Reason != string(plan.ReasonBudget) || s.Backoff.NextAttempt == nil || !s.Backoff.NextAttempt.Equal(began.Add(10*time.Second)) {
				t.Errorf("%s waits for %s until %v", s.Name, why.Reason, s.Backoff.NextAttempt)
			}
		}
		if waiting != 20 {
			t.Errorf("%d wait for the budget, want 20", waiting)
		}
		<-time.After(4 * time.Hour)
		synctest.Wait()
		c.within(t)

		longest, fewest, most := time.Duration(0), len(c.all), 0
		for _, name := range c.names {
			hours := make([]int, 4)
			for i, at := range c.begun[name] {
				due := c.ended[name][i].Add(afterCrash(i + 1))
				if at.Before(due) {
					t.Errorf("%s: start %d is %s early", name, i+1, due.Sub(at))
				}
				longest = max(longest, at.Sub(due)-afterCrash(i+1)/10)
				hours[min(3, int(at.Sub(began)/time.Hour))]++
			}
			// By the table alone an hour has at most 16 starts, and each later one 12.
			if slices.Max(hours) > 16 || slices.Max(hours[1:]) > 12 {
				t.Errorf("%s was started %v times an hour", name, hours)
			}
			fewest, most = min(fewest, len(c.begun[name])), max(most, len(c.begun[name]))
		}
		t.Logf("%d starts in 4 h, %d to %d of each; the longest wait for the budget was %s", len(c.all), fewest, most, longest)
		// In 150 s the others start less than 150 times by their tables.
		if longest > 150*time.Second || fewest < 48 {
			t.Errorf("one waited for %s, one was started %d times", longest, fewest)
		}
	})
}

// TestASlowEngineDoesNotStretchTheBudget: what it starts late counts from then.
func TestASlowEngineDoesNotStretchTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 20)
		slow := atomic.Int32{}
		c.engine.Before(func(call, _ string) {
			if call == "start" && slow.Add(1) <= budgetSize {
				<-time.After(9 * time.Second)
			}
		})
		c.crash()
		<-time.After(time.Minute)
		synctest.Wait()
		if len(c.all) < 40 {
			t.Fatalf("only %d starts: nothing was shown", len(c.all))
		}
		c.within(t)
	})
}
