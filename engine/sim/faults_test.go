package sim_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"reconciler/engine"
	"reconciler/engine/sim"
)

// calls are all calls of the port but Events, about that container.
func calls(e engine.Engine, id string) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"info":    func(ctx context.Context) error { _, err := e.Info(ctx); return err },
		"list":    func(ctx context.Context) error { _, err := e.List(ctx, "p"); return err },
		"inspect": func(ctx context.Context) error { _, err := e.Inspect(ctx, id); return err },
		"start":   func(ctx context.Context) error { return e.Start(ctx, id) },
		"stop":    func(ctx context.Context) error { return e.Stop(ctx, id, 0) },
		"restart": func(ctx context.Context) error { return e.Restart(ctx, id, 0) },
		"unpause": func(ctx context.Context) error { return e.Unpause(ctx, id) },
		"logs": func(ctx context.Context) error {
			return e.Logs(ctx, id, engine.LogOptions{}, func([]byte) error { return nil })
		},
	}
}

func TestAnEngineThatIsDownAnswersNothingAndItsContainersEnd(t *testing.T) {
	e := sim.New(sim.Options{})
	id := e.Create(sim.Spec{Name: "plain", State: engine.StateRunning})
	e.Create(sim.Spec{Name: "always", State: engine.StateRunning, Always: true})
	e.Create(sim.Spec{Name: "once", State: engine.StateRunning, AutoRemove: true})
	e.Create(sim.Spec{Name: "new", Always: true})
	e.Create(sim.Spec{Name: "once-new", AutoRemove: true})
	e.Create(sim.Spec{Name: "stubborn", State: engine.StatePaused, IgnoresTerm: true})
	e.Down()
	for name, call := range calls(e, id) {
		if err := call(t.Context()); !errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("%s: error %v, want ErrUnavailable", name, err)
		}
	}
	e.Up()
	want := "always running\nnew created\nplain exited(143)\nstubborn exited(137)\n"
	if diff := cmp.Diff(want, e.String()); diff != "" {
		t.Errorf("the world (- want, + got):\n%s", diff)
	}
}

func TestAnEngineThatGoesDownEndsItsStreams(t *testing.T) {
	e := sim.New(sim.Options{})
	id := e.Create(sim.Spec{Name: "web", State: engine.StateRunning})
	var heard []engine.Action
	err := e.Events(t.Context(), e.Down, func(ev engine.Event) { heard = append(heard, ev.Action) })
	if !errors.Is(err, engine.ErrUnavailable) || len(heard) != 0 {
		t.Errorf("error %v, heard %v, want ErrUnavailable and nothing", err, heard)
	}
	if err := e.Events(t.Context(), func() { t.Error("subscribed") }, nil); !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("a new stream: error %v, want ErrUnavailable", err)
	}
	e.Up()
	if c, err := e.Inspect(t.Context(), id); err != nil || c.State != engine.StateExited {
		t.Errorf("afterwards: %s, error %v, want exited", c.State, err)
	}
}

func TestAFailureIsReturnedOnceAndChangesNothing(t *testing.T) {
	refused := errors.New("refused by the test")
	e := sim.New(sim.Options{})
	id := e.Create(sim.Spec{Name: "web", State: engine.StatePaused})
	for name, call := range calls(e, id) {
		e.FailNext(name, refused)
		if err := call(t.Context()); !errors.Is(err, refused) {
			t.Errorf("%s: error %v, want the one that was ordered", name, err)
		}
		if got := e.String(); got != "web paused\n" {
			t.Fatalf("%s failed, and the world is %s", name, got)
		}
	}
	e.FailNext("stop", refused)
	if err := e.Unpause(t.Context(), id); err != nil {
		t.Errorf("another call: %v", err)
	}
	if err := e.Stop(t.Context(), id, 0); !errors.Is(err, refused) {
		t.Errorf("stop: error %v, want the one that was ordered", err)
	}
	if err := e.Stop(t.Context(), id, 0); err != nil {
		t.Errorf("the next stop: %v", err)
	}
}

func TestAHungContainerHoldsItsOwnCallsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		id := e.Create(sim.Spec{Name: "web"})
		other := e.Create(sim.Spec{Name: "other"})
		e.Hang("web")
		done := make(chan error, 1)
		go func() { done <- e.Start(context.Background(), id) }()
		synctest.Wait()
		if err := e.Start(t.Context(), other); err != nil {
			t.Errorf("start of the other: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := e.Stop(ctx, id, 0); !errors.Is(err, context.Canceled) {
			t.Errorf("stop without patience: error %v, want context.Canceled", err)
		}
		if diff := cmp.Diff("other running\nweb created\n", e.String()); diff != "" {
			t.Errorf("while it hangs (- want, + got):\n%s", diff)
		}
		e.Release(id)
		if err := <-done; err != nil {
			t.Errorf("start once released: %v", err)
		}
	})
}

func TestAnIdleContainerSaysYesAndDoesNothing(t *testing.T) {
	e := sim.New(sim.Options{})
	id := e.Create(sim.Spec{Name: "web", State: engine.StatePaused})
	e.Idle(id, true)
	for name, call := range calls(e, id) {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := e.String(); got != "web paused\n" {
		t.Errorf("the world is %s", got)
	}
	e.Idle(id, false)
	if err := e.Stop(t.Context(), id, 0); err != nil || e.String() != "web exited(143)\n" {
		t.Errorf("once it isn't idle: error %v, the world is %s", err, e)
	}
}

func TestASilentStreamStaysOpenAndTellsNothing(t *testing.T) {
	e := sim.New(sim.Options{})
	e.Create(sim.Spec{Name: "web"})
	var heard []engine.Action
	ctx, cancel := context.WithCancel(t.Context())
	err := e.Events(ctx, func() {
		e.Silence(true)
		e.HandStart("web")
		e.Silence(false)
		e.Pause("web")
	}, func(ev engine.Event) {
		heard = append(heard, ev.Action)
		cancel()
	})
	if want := []engine.Action{engine.ActionPause}; !slices.Equal(heard, want) || !errors.Is(err, context.Canceled) {
		t.Errorf("heard %v, error %v, want %v and context.Canceled", heard, err, want)
	}
}

func TestWhichEventsAreLostIsTheSeedsAffair(t *testing.T) {
	heard := func(seed uint64) []engine.Action {
		e := sim.New(sim.Options{Seed: seed})
		e.Create(sim.Spec{Name: "web"})
		var all []engine.Action
		defer e.Tap(func(ev engine.Event) { all = append(all, ev.Action) })()
		e.Lose(0.5)
		for range 20 {
			e.HandStart("web")
			e.HandStop("web")
		}
		return all
	}
	first := heard(1)
	if all := 60; len(first) == 0 || len(first) == all {
		t.Errorf("%d of %d events were heard, want some", len(first), all)
	}
	if diff := cmp.Diff(first, heard(1)); diff != "" {
		t.Errorf("the same seed again (- first, + second):\n%s", diff)
	}
	if slices.Equal(first, heard(2)) {
		t.Error("another seed lost the same events")
	}
}

func TestADeadOrVanishingContainerIsAConflict(t *testing.T) {
	for _, state := range []engine.State{engine.StateDead, engine.StateRemoving} {
		e := sim.New(sim.Options{})
		id := e.Create(sim.Spec{Name: "web"})
		e.SetState("web", state)
		for _, name := range []string{"start", "stop", "restart", "logs"} {
			if err := calls(e, id)[name](t.Context()); !errors.Is(err, engine.ErrConflict) {
				t.Errorf("%s of a %s one: error %v, want ErrConflict", name, state, err)
			}
		}
	}
}
