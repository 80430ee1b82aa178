package observed

import (
	"context"
	"slices"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

func TestEventsOfOurOwnCallsAreSwallowed(t *testing.T) {
	for _, test := range []struct {
		verb engine.Verb
		set  func(*world)
		call func(*world, context.Context, string) error
		want string
	}{
		{
			engine.VerbStart, func(w *world) { w.Exit("web", 1) },
			func(w *world, ctx context.Context, id string) error { return w.Engine.Start(ctx, id) }, "web running",
		},
		{
			engine.VerbStop, func(*world) {},
			func(w *world, ctx context.Context, id string) error { return w.Stop(ctx, id, 0) }, "web exited",
		},
		{
			engine.VerbRestart, func(*world) {},
			func(w *world, ctx context.Context, id string) error { return w.Restart(ctx, id, 0) }, "web running",
		},
		{
			engine.VerbUnpause, func(w *world) { w.Pause("web") },
			func(w *world, ctx context.Context, id string) error { return w.Unpause(ctx, id) }, "web running",
		},
	} {
		t.Run(string(test.verb), func(t *testing.T) {
			w := newWorld(t, "web")
			test.set(w)
			w.settle(t)
			id := w.View().Containers[0].ID
			w.Calls()

			done := w.Expect(id, test.verb)
			if err := test.call(w, t.Context(), id); err != nil {
				t.Fatal(err)
			}
			done()
			w.wantCalls(t, map[string]int{string(test.verb): 1})
			w.settle(t)
			w.wantCalls(t, map[string]int{})
			if err := w.Refresh(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			w.wantCalls(t, map[string]int{"inspect": 1})
			w.wantView(t, test.want)

			w.HandStart("web") // once each, and no more
			w.Kill("web", 15)
			w.settle(t)
			w.wantCalls(t, map[string]int{"inspect": 1})
			w.wantView(t, "web exited touched")
		})
	}
}

func TestWhatDiesAtOnceAfterOurStartIsSeen(t *testing.T) {
	for verb, call := range map[engine.Verb]func(*world, context.Context, string) error{
		engine.VerbStart:   func(w *world, ctx context.Context, id string) error { return w.Engine.Start(ctx, id) },
		engine.VerbRestart: func(w *world, ctx context.Context, id string) error { return w.Restart(ctx, id, 0) },
	} {
		t.Run(string(verb), func(t *testing.T) {
			w := newWorld(t, "web")
			w.Exit("web", 1)
			w.settle(t)
			id := w.View().Containers[0].ID
			done := w.Expect(id, verb)
			if err := call(w, t.Context(), id); err != nil {
				t.Fatal(err)
			}
			done()
			if err := w.Refresh(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			w.Exit("web", 2)
			w.settle(t)
			if c := w.View().Containers[0]; c.ExitCode != 2 {
				t.Errorf("exit code %d; want that of the second run", c.ExitCode)
			}
		})
	}
}

func TestASecondStartIsNotOurOwn(t *testing.T) {
	w := newWorld(t, "web")
	w.Exit("web", 1)
	w.settle(t)
	id := w.View().Containers[0].ID
	done := w.Expect(id, engine.VerbStart)
	if err := w.Engine.Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	done()
	w.Exit("web", 1)
	w.settle(t)
	w.wantView(t, "web exited")
	w.HandStart("web")
	w.settle(t)
	w.wantView(t, "web running")
}

func TestEachEventIsToldOf(t *testing.T) {
	w := newWorld(t, "web")
	var heard []engine.Action
	w.opt.Heard = func(h Heard) { heard = append(heard, h.Action) }
	w.Create(sim.Spec{Name: "foreign", State: engine.StateExited})
	w.Rename("web", "web2")
	w.Expect(w.View().Containers[0].ID, engine.VerbStop) // our own, too
	w.HandStop("web2")
	if want := []engine.Action{engine.ActionCreate, engine.ActionRename, engine.ActionKill, engine.ActionDie}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

func TestAnEventLongAfterOurCallIsNews(t *testing.T) {
	for _, test := range []struct {
		after time.Duration
		want  string
	}{
		{lateEvents, "web running"},
		{lateEvents + 1, "web exited touched"},
	} {
		w := newWorld(t, "web")
		w.Expect(w.View().Containers[0].ID, engine.VerbStop)() // a call without events
		w.now = w.now.Add(test.after)
		w.HandStop("web")
		w.settle(t)
		w.wantView(t, test.want)
	}
}

func TestASignalOfOthersIsRememberedUnlessItKills(t *testing.T) {
	w := newWorld(t, "web", "db")
	w.Kill("web", 15)
	w.Kill("db", 9)
	w.settle(t)
	w.wantView(t, "db exited, web exited touched")
}

func TestASignalThatChangesNothingCostsNoInspect(t *testing.T) {
	w := newWorld(t)
	w.Create(sim.Spec{Name: "web", State: engine.StateRunning, IgnoresTerm: true, Labels: map[string]string{engine.LabelProject: "shop"}})
	w.settle(t)
	w.Calls()
	w.Kill("web", 15)
	w.settle(t)
	w.wantCalls(t, map[string]int{})
}

func TestTouchesWithoutAGapAreOneSeries(t *testing.T) {
	w := newWorld(t, "web")
	id := w.View().Containers[0].ID
	began := w.now
	for _, step := range []struct {
		pause time.Duration
		first time.Time
	}{
		{0, began},
		{touchGap, began},
		{touchGap, began},
		{touchGap + 1, began.Add(3*touchGap + 1)},
	} {
		w.now = w.now.Add(step.pause)
		w.Kill("web", 15)
		w.HandStart("web")
		w.settle(t)
		if got := w.View().Touched[id]; got != (Touch{step.first, w.now}) {
			t.Errorf("after %s: %v", step.pause, got)
		}
	}
}

func TestAStartEndsASeriesOfTouches(t *testing.T) {
	w := newWorld(t, "web")
	w.Kill("web", 15)
	w.settle(t)
	w.now = w.now.Add(time.Second)
	w.HandStart("web")
	w.settle(t)
	w.now = w.now.Add(time.Second)
	w.Kill("web", 15)
	w.settle(t)
	if got := w.View().Touched[w.View().Containers[0].ID]; got != (Touch{w.now, w.now}) {
		t.Errorf("%v; want a new one at %s", got, w.now)
	}
}

func TestOfAnUnknownVerbNoEventIsExpected(t *testing.T) {
	w := newWorld(t, "web")
	id := w.View().Containers[0].ID
	w.Calls()
	done := w.Expect(id, "remove")
	w.HandStop("web")
	w.HandStart("web")
	done()
	w.settle(t)
	w.wantCalls(t, map[string]int{"inspect": 1})
	w.wantView(t, "web running touched")
}
