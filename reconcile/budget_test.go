package reconcile

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/reconcile/plan"
)

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

func newCrowd(t *testing.T, size int, more string) *crowd {
	t.Helper()
	c := &crowd{engine: sim.New(sim.Options{}), begun: map[string][]time.Time{}, ended: map[string][]time.Time{}}
	state := "version: 1\nproject: p\n" + more + "services:\n"
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
		c := newCrowd(t, 30, "")
		began := time.Now()
		c.crash()
		waiting := 0
		for _, s := range c.Known().Services {
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
		<-time.After(2 * time.Hour)
		synctest.Wait()
		c.within(t)

		longest, fewest, most := time.Duration(0), len(c.all), 0
		for _, name := range c.names {
			hours := make([]int, 2)
			for i, at := range c.begun[name] {
				due := c.ended[name][i].Add(afterCrash(i + 1))
				if at.Before(due) {
					t.Errorf("%s: start %d is %s early", name, i+1, due.Sub(at))
				}
				longest = max(longest, at.Sub(due)-afterCrash(i+1)/10)
				hours[min(1, int(at.Sub(began)/time.Hour))]++
			}
			// By the table alone an hour has at most 16 starts, and the next one 12.
			if hours[0] > 16 || hours[1] > 12 {
				t.Errorf("%s was started %v times an hour", name, hours)
			}
			fewest, most = min(fewest, len(c.begun[name])), max(most, len(c.begun[name]))
		}
		t.Logf("%d starts in 2 h, %d to %d of each; the longest wait for the budget was %s", len(c.all), fewest, most, longest)
		// Each of the others comes before it once at most: 10 at once, 10 after 10 s, 9 after 20 s.
		if longest > 30*time.Second || fewest < 24 {
			t.Errorf("one waited for %s, one was started %d times", longest, fewest)
		}
	})
}

// TestWhereTheBudgetIsTooSmallAllAreServedAlike: 40 would be started each second
// or two.
func TestWhereTheBudgetIsTooSmallAllAreServedAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 40, "defaults: {restart_backoff: {initial: 1s, max: 1s}}\n")
		c.crash()
		<-time.After(10*time.Minute - time.Second)
		synctest.Wait()
		c.within(t)
		if len(c.all) != 600 {
			t.Errorf("%d starts in 10 minutes", len(c.all))
		}
		for _, name := range c.names {
			if n := len(c.begun[name]); n != 15 {
				t.Errorf("%s was started %d times", name, n)
			}
		}
	})
}

// TestWhatIsNoLongerListedHoldsUpNobodyInTheLine.
func TestWhatIsNoLongerListedHoldsUpNobodyInTheLine(t *testing.T) {
	state, specs := "version: 1\nproject: p\nservices:\n", []sim.Spec(nil)
	for i := range 30 {
		state += fmt.Sprintf("  s%02d: running\n", i)
		specs = append(specs, ours(fmt.Sprintf("s%02d", i), sim.Spec{State: engine.StateRunning}))
	}
	w := newWorld(t, state, specs...)
	for _, s := range specs {
		w.engine.Exit(s.Name, 1)
	}
	w.settle()
	w.desired.write(t, "version: 1\nproject: p\nservices:\n  s29: running\n")
	w.settle()
	w.pass(10 * time.Second)
	if got := w.order("start"); !strings.HasSuffix(got, " p-s29-1") || len(strings.Fields(got)) != budgetSize+1 {
		t.Errorf("started: %s", got)
	}
}

// TestASlowEngineDoesNotStretchTheBudget: what it starts late counts from then.
func TestASlowEngineDoesNotStretchTheBudget(t *testing.T) {
	for _, takes := range []time.Duration{9 * time.Second, 15 * time.Second} {
		t.Run(takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(t, 20, "")
				slow := atomic.Int32{}
				c.engine.Before(func(call, _ string) {
					if call == "start" && slow.Add(1) <= budgetSize {
						<-time.After(takes)
					}
				})
				c.crash()
				<-time.After(time.Minute + takes)
				synctest.Wait()
				if len(c.all) < 40 {
					t.Fatalf("only %d starts: nothing was shown", len(c.all))
				}
				c.within(t)
			})
		})
	}
}

// TestALongGraceHoldsUpNobodyElsesRestart: the stops of ten that turned
// unhealthy take minutes, and of some the turn hasn't even come.
func TestALongGraceHoldsUpNobodyElsesRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 20, "")
		c.engine.Before(func(call, _ string) {
			if call == "restart" {
				<-time.After(5 * time.Minute)
			}
		})
		for _, health := range []engine.Health{engine.HealthHealthy, engine.HealthUnhealthy} {
			for _, name := range c.names[:budgetSize] {
				c.engine.SetHealth(name, health)
			}
			<-time.After(time.Second)
		}
		<-time.After(time.Minute)
		synctest.Wait()
		if n := c.engine.Calls()["restart"]; n != maxStops {
			t.Fatalf("%d restarts: nothing was shown", n)
		}
		for _, name := range c.names[budgetSize:] {
			c.engine.Exit(name, 1)
		}
		synctest.Wait()
		if len(c.all) != 10 {
			t.Errorf("%d were started at once", len(c.all))
		}
	})
}
