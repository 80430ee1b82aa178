package sim_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/engine/sim"
)

// clock is one that a test moves.
type clock struct{ at time.Time }

func newClock() *clock          { return &clock{time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)} }
func (c *clock) now() time.Time { return c.at }

func TestTheWorldPrintsItselfByName(t *testing.T) {
	e := sim.New(sim.Options{})
	for _, s := range []sim.Spec{
		{Name: "web", State: engine.StateRunning, Health: engine.HealthUnhealthy},
		{Name: "job", State: engine.StateExited, ExitCode: 3},
		{Name: "new"},
		{Name: "held", State: engine.StatePaused},
	} {
		e.Create(s)
	}
	want := "held paused\njob exited(3)\nnew created\nweb running unhealthy\n"
	if diff := cmp.Diff(want, e.String()); diff != "" {
		t.Errorf("(- want, + got):\n%s", diff)
	}
}

func TestAContainerEndsWhenItsTimeHasCome(t *testing.T) {
	c := newClock()
	e := sim.New(sim.Options{Now: c.now})
	e.Create(sim.Spec{Name: "web", Lives: 10 * time.Second, Code: 7})
	e.HandStart("web")
	c.at = c.at.Add(10*time.Second - 1)
	if got := e.String(); got != "web running\n" {
		t.Errorf("before its time: %s", got)
	}
	c.at = c.at.Add(time.Minute)
	got, err := e.Inspect(t.Context(), "web")
	if err != nil || got.State != engine.StateExited || got.ExitCode != 7 {
		t.Fatalf("after its time: %s(%d), error %v", got.State, got.ExitCode, err)
	}
	if lived := got.FinishedAt.Sub(got.StartedAt); lived != 10*time.Second {
		t.Errorf("it lived %s, want 10s however late the look", lived)
	}
	e.SetLives("web", 0, 0)
	e.HandStart("web")
	c.at = c.at.Add(time.Hour)
	if got := e.String(); got != "web running\n" {
		t.Errorf("once it is mended: %s", got)
	}
}

func TestWithoutGoroutinesEventsAreHeardAsTheyHappen(t *testing.T) {
	c := newClock()
	e := sim.New(sim.Options{Now: c.now})
	var heard []string
	cancel := e.Tap(func(ev engine.Event) { heard = append(heard, fmt.Sprint(ev.Name, " ", ev.Action)) })
	for _, name := range []string{"late", "early"} {
		e.Create(sim.Spec{Name: name, Lives: map[string]time.Duration{"late": 2, "early": 1}[name]})
		e.HandStart(name)
	}
	c.at = c.at.Add(time.Second)
	e.Tick()
	cancel()
	e.HandStart("late")
	want := []string{"late create", "late start", "early create", "early start", "early die", "late die"}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Errorf("heard (- want, + got):\n%s", diff)
	}
}

func TestTheRestartPolicyIsForWhatEndsByItself(t *testing.T) {
	e := sim.New(sim.Options{})
	id := e.Create(sim.Spec{Name: "web", Always: true, State: engine.StateRunning})
	for n := 1; n <= 2; n++ {
		e.Exit("web", 1)
		if c, err := e.Inspect(t.Context(), id); err != nil || c.State != engine.StateRunning || c.Restarts != n {
			t.Errorf("after exit %d: %s, %d restarts, error %v", n, c.State, c.Restarts, err)
		}
	}
	e.HandStop("web")
	if got := e.String(); got != "web exited(143)\n" {
		t.Errorf("after a stop: %s", got)
	}
	e.HandStart("web")
	if c, err := e.Inspect(t.Context(), id); err != nil || c.Restarts != 0 {
		t.Errorf("after a start by hand: %d restarts, error %v, want 0", c.Restarts, err)
	}
}

func TestCallsAreCountedAndThenCountedAnew(t *testing.T) {
	e := sim.New(sim.Options{})
	id := e.Create(sim.Spec{Name: "web"})
	for _, call := range calls(e, id) {
		_ = call(t.Context())
	}
	e.FailNext("list", errors.New("refused by the test"))
	_ = calls(e, id)["list"](t.Context())
	e.HandStop("web") // no call of ours
	want := map[string]int{"info": 1, "list": 2, "inspect": 1, "start": 1, "stop": 1, "restart": 1, "unpause": 1, "logs": 1}
	if diff := cmp.Diff(want, e.Calls()); diff != "" {
		t.Errorf("counted (- want, + got):\n%s", diff)
	}
	if again := e.Calls(); len(again) != 0 {
		t.Errorf("counted again: %v", again)
	}
}

func TestSomebodyCanBeQuickerThanACall(t *testing.T) {
	e := sim.New(sim.Options{})
	id := e.Create(sim.Spec{Name: "web", State: engine.StateRunning})
	e.Before(func(call, ref string) {
		if call == "stop" && ref == id {
			e.Remove(ref)
		}
	})
	if err := e.Stop(t.Context(), id, 0); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("stop of what was removed just before: error %v, want ErrNotFound", err)
	}
}

func TestMistakesInATestPanic(t *testing.T) {
	e := sim.New(sim.Options{})
	e.Create(sim.Spec{Name: "web"})
	e.Create(sim.Spec{Name: "other"})
	for what, mistake := range map[string]func(){
		"a hand on nothing":       func() { e.HandStart("nothing") },
		"a name twice":            func() { e.Create(sim.Spec{Name: "web"}) },
		"a name that is taken":    func() { e.Rename("web", "other") },
		"a call that isn't there": func() { e.FailNext("strat", errors.New("never")) },
		"two ways to end":         func() { e.Create(sim.Spec{Name: "both", AutoRemove: true, Always: true}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", what)
				}
			}()
			mistake()
		}()
	}
	if want := "other created\nweb created\n"; e.String() != want {
		t.Errorf("afterwards the world is %s", e)
	}
}

func TestAPopulatedWorldHasWhatTheFileLists(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{"", "p-a-1 running\np-see-1 running\nthe-b exited(0)\n"},
		{"container_name: panel-{service}\n", "panel-a running\npanel-see running\nthe-b exited(0)\n"},
	} {
		doc, err := desired.Parse("state.yaml", []byte("version: 1\nproject: p\n"+c.template+
			"services:\n  a: running\n  b: {state: stopped, container: the-b}\n  c: {state: stopped, compose_service: see}\n"))
		if err != nil {
			t.Fatal(err)
		}
		e := sim.New(sim.Options{Now: newClock().now})
		e.Populate(doc)
		if diff := cmp.Diff(c.want, e.String()); diff != "" {
			t.Errorf("%q (- want, + got):\n%s", c.template, diff)
		}
	}
}

func TestNoMessageNamesACommandThatTheTwinDoesNotHave(t *testing.T) {
	for _, want := range []engine.Hands{{}, {Stop: "stop"}} {
		info, err := sim.New(sim.Options{Hands: want}).Info(t.Context())
		if err != nil || info.Hands != want {
			t.Errorf("%+v, error %v, want %+v", info, err, want)
		}
	}
}
