package reconcile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

// TestHealthIsRememberedOverARestartOfTheProgram, and nothing is done for its
// loss.
func TestHealthIsRememberedOverARestartOfTheProgram(t *testing.T) {
	for name, c := range map[string]struct {
		forget bool
		want   string
	}{
		"remembered": {false, "p-web-1"},
		"lost":       {true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning, Health: engine.HealthHealthy}), ours("db", sim.Spec{State: engine.StateExited}))
			w.engine.SetHealth("p-web-1", engine.HealthStarting) // as after an unpause
			if c.forget {
				w.desired.memory = nil
			}
			w.begin()
			w.now = w.now.Add(time.Second)
			w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
			w.settle()
			w.pass(29 * time.Second)
			if got := w.order("restart"); got != "" {
				t.Errorf("restarted within the grace: %s", got)
			}
			w.pass(2 * time.Second)
			if got := w.order("restart"); got != c.want {
				t.Errorf("restarted: %q, want %q", got, c.want)
			}
		})
	}
}

// TestAnUnhealthyServiceIsRestartedByTheKubeletsTable: each start makes it
// healthy, and then it isn't any more.
func TestAnUnhealthyServiceIsRestartedByTheKubeletsTable(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning, Health: engine.HealthHealthy}), ours("db", sim.Spec{State: engine.StateExited}))
	began := w.now
	for w.now.Sub(began) < time.Hour {
		w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
		w.settle()
		w.pass(10 * time.Second)
	}
	restarts := 0
	for _, e := range w.events {
		if e.Kind == KindAction && e.Verb == "restart" {
			restarts++
		}
	}
	// 0, 10, 20, 40, 80, 160, 300, 300 … s after a grace of 30 s each.
	if restarts < 12 || restarts > 16 {
		t.Errorf("restarted %d times in an hour", restarts)
	}
}

// sick is a world whose web was healthy once, and is unhealthy while the
// program begins anew.
func sick(t *testing.T) *world {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning, Health: engine.HealthHealthy}), ours("db", sim.Spec{State: engine.StateExited}))
	w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
	w.begin()
	return w
}

// TestWhatWasUnhealthyBeforeIsRestartedOnceAProbeSaysSoAgain: no event tells of
// such a probe.
func TestWhatWasUnhealthyBeforeIsRestartedOnceAProbeSaysSoAgain(t *testing.T) {
	w := sick(t)
	w.pass(time.Minute)
	if got := w.order("restart"); got != "" {
		t.Fatalf("restarted for what was before we came: %s", got)
	}
	w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
	w.pass(2 * time.Minute)
	if got := w.order("restart"); got != "p-web-1" {
		t.Errorf("restarted: %q", got)
	}
}

func TestAProbeThatNeverEndsCostsFewLooks(t *testing.T) {
	w := sick(t)
	w.engine.Calls()
	w.pass(24 * time.Hour)
	if c := w.engine.Calls(); len(c) != 1 || c["inspect"] < 100 || c["inspect"] > 300 { // 288 times 5 min
		t.Errorf("calls in a day: %v", c)
	}
}

func TestProbesOfWhatIsHealthyCostNothing(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning, Health: engine.HealthHealthy}), ours("db", sim.Spec{State: engine.StateExited}))
	w.engine.Calls()
	for range 120 {
		w.engine.SetHealth("p-web-1", engine.HealthHealthy)
		w.pass(30 * time.Second)
	}
	if c := w.engine.Calls(); len(c) > 0 {
		t.Errorf("calls in an hour: %v", c)
	}
}

func TestFlapsShorterThanTheGraceRestartNothing(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning, Health: engine.HealthHealthy}), ours("db", sim.Spec{State: engine.StateExited}))
	for range 60 {
		w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
		w.pass(29 * time.Second)
		w.engine.SetHealth("p-web-1", engine.HealthHealthy)
		w.pass(time.Second)
	}
	if got := w.order("restart"); got != "" {
		t.Errorf("restarted: %s", got)
	}
}

// TestAWellContainerIsNotRestartedForALostEvent: that it is well again was not
// told.
func TestAWellContainerIsNotRestartedForALostEvent(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning, Health: engine.HealthHealthy}), ours("db", sim.Spec{State: engine.StateExited}))
	w.pass(time.Second)
	w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
	w.pass(10 * time.Second)
	w.untap()
	w.engine.SetHealth("p-web-1", engine.HealthHealthy)
	w.pass(time.Minute)
	if got := w.order("restart"); got != "" {
		t.Errorf("restarted: %s", got)
	}
	if s, _ := ptr(w.r.Known()).Service("web"); !s.Ready {
		t.Errorf("not ready: %s", s.Message)
	}
}

func TestWithoutALastLookNothingIsRestarted(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning, Health: engine.HealthHealthy}), ours("db", sim.Spec{State: engine.StateExited}))
	w.pass(time.Second)
	w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
	w.pass(29 * time.Second)
	w.engine.FailNext("inspect", engine.ErrUnavailable)
	w.pass(9 * time.Second)
	if got := w.order("restart"); got != "" {
		t.Errorf("restarted: %s", got)
	}
	w.pass(5 * time.Second)
	if got := w.order("restart"); got != "p-web-1" {
		t.Errorf("restarted: %q", got)
	}
}

// TestHealthFromBeforeTheEnginesReturnIsNotKnown, and if the healthchecks never
// run again, it is warned once.
func TestHealthFromBeforeTheEnginesReturnIsNotKnown(t *testing.T) {
	for name, probes := range map[string]bool{"they go on": true, "they never run again": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning, Health: engine.HealthHealthy}), ours("db", sim.Spec{State: engine.StateExited}))
			w.pass(time.Second)
			w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
			w.pass(20 * time.Second)
			if _, err := w.observer.Once(t.Context()); err != nil { // it was away
				t.Fatal(err)
			}
			w.settle("web", "db")
			if s, _ := ptr(w.r.Known()).Service("web"); s.Status != "running" || !s.Ready || s.Replicas.Ready != 1 || !strings.Contains(s.Message, "not known") {
				t.Errorf("%s, ready %t: %s", s.Status, s.Ready, s.Message)
			}
			want := ""
			if probes {
				want = "p-web-1"
				w.engine.SetHealth("p-web-1", engine.HealthUnhealthy)
			}
			w.pass(10 * time.Minute)
			warned := 0
			for _, e := range w.events {
				if e.Kind == KindWarning && strings.Contains(e.Message, "no healthcheck of p-web-1 has ended") {
					warned++
				}
			}
			if got := w.order("restart"); got != want || (warned == 1) == probes {
				t.Errorf("restarted: %q, warned %d times", got, warned)
			}
		})
	}
}

// TestAHostThatTurnsUnhealthyIsNotRestartedAtOnce: the host's budget holds.
func TestAHostThatTurnsUnhealthyIsNotRestartedAtOnce(t *testing.T) {
	state := "version: 1\nproject: p\nservices:\n"
	var specs []sim.Spec
	for i := range 30 {
		name := fmt.Sprintf("s%c%c", 'a'+i/10, 'a'+i%10)
		state += "  " + name + ": running\n"
		specs = append(specs, ours(name, sim.Spec{State: engine.StateRunning, Health: engine.HealthHealthy}))
	}
	w := newWorld(t, state, specs...)
	w.pass(time.Second)
	for _, s := range specs {
		w.engine.SetHealth(s.Name, engine.HealthUnhealthy)
	}
	w.settle()
	w.pass(32 * time.Second)
	if n := len(strings.Fields(w.order("restart"))); n != budgetSize {
		t.Errorf("%d restarts at once, want %d", n, budgetSize)
	}
	w.pass(time.Minute)
	if n := len(strings.Fields(w.order("restart"))); n != 30 {
		t.Errorf("%d restarts in the end, want 30", n)
	}
}
