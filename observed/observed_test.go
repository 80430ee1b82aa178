package observed

import (
	"context"
	"errors"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

func TestAnIdleResyncCostsOneList(t *testing.T) {
	w := newWorld(t, many(1000)...)
	before := w.View()
	w.resync(t)
	w.wantCalls(t, map[string]int{"list": 1, "inspect": 1}) // the name without a container
	if w.View().Version != before.Version || w.changed.Load() != 0 {
		t.Error("the view changed although nothing happened")
	}
}

func TestTheFirstLookInspectsEachContainerOnce(t *testing.T) {
	w := newWorld(t)
	for _, name := range many(1000) {
		w.create(name)
	}
	o := New(Options{Engine: w.Engine, Project: "shop"})
	v, err := o.Once(t.Context())
	if err != nil || len(v.Containers) != 1000 || !v.Up || v.First.IsZero() {
		t.Fatalf("%d containers, up %t, first %v, %v", len(v.Containers), v.Up, v.First, err)
	}
	w.wantCalls(t, map[string]int{"info": 1, "list": 1, "inspect": 1000})
}

func TestADriftCostsOneInspect(t *testing.T) {
	w := newWorld(t, many(20)...)
	before := w.View().Version
	w.Exit("shop-web-0007", 1)
	w.settle(t)
	w.wantCalls(t, map[string]int{"inspect": 1})
	if v := w.View().Version; v != before+1 {
		t.Errorf("version %d became %d", before, v)
	}
	if c := w.View().Containers[7]; c.State != engine.StateExited || c.ExitCode != 1 {
		t.Errorf("%s is %s(%d)", c.Name, c.State, c.ExitCode)
	}
	w.resync(t)
	w.wantCalls(t, map[string]int{"list": 1, "inspect": 1})
}

func TestAFloodOfEventsIsOneInspect(t *testing.T) {
	w := newWorld(t, "web", "db")
	for range 2500 {
		w.Rename("web", "web2")
		w.Rename("web2", "web")
	}
	w.settle(t)
	w.wantCalls(t, map[string]int{"inspect": 1})
	w.wantView(t, "db running, web running")
}

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

func TestForeignContainersCostNothing(t *testing.T) {
	w := newWorld(t, "web")
	w.Create(sim.Spec{Name: "foreign", State: engine.StateRunning})
	w.Create(sim.Spec{Name: "other", Labels: map[string]string{engine.LabelProject: "other"}})
	w.Kill("foreign", 15)
	w.Remove("foreign")
	w.settle(t)
	w.wantCalls(t, map[string]int{})
	w.wantView(t, "web running")
}

func TestAContainerIsOursByNameToo(t *testing.T) {
	w := newWorld(t)
	w.Create(sim.Spec{Name: "panel", State: engine.StateRunning})
	w.Rename("panel", "handmade")
	w.settle(t)
	w.wantView(t, "handmade running")
	w.Rename("handmade", "panel")
	w.settle(t)
	w.wantView(t, "")
}

func TestAHandmadeContainerCostsOneInspectAResync(t *testing.T) {
	w := newWorld(t)
	w.Create(sim.Spec{Name: "handmade", State: engine.StateRunning})
	w.settle(t)
	w.Calls()
	before, told := w.View().Version, w.changed.Load()
	w.resync(t)
	w.wantCalls(t, map[string]int{"list": 1, "inspect": 1})
	if w.View().Version != before || w.changed.Load() != told {
		t.Error("the view changed although nothing happened")
	}
}

func TestAResyncFindsWhatTookAName(t *testing.T) {
	w := newWorld(t)
	w.Create(sim.Spec{Name: "handmade", State: engine.StateRunning})
	w.settle(t)
	w.Silence(true)
	w.Remove("handmade")
	w.Create(sim.Spec{Name: "handmade", State: engine.StateExited})
	w.resync(t)
	w.wantView(t, "handmade exited")
}

// TestWhatCouldNotBeRemovedIsSeenToBeDead: 20.10 goes on to list it as if it
// were being removed.
func TestWhatCouldNotBeRemovedIsSeenToBeDead(t *testing.T) {
	w := newWorld(t, "db")
	w.Create(sim.Spec{Name: "web", State: engine.StateRemoving, Labels: map[string]string{engine.LabelProject: "shop"}})
	w.settle(t)
	w.wantView(t, "db running, web removing touched")
	w.amend = func(c *engine.Container) {
		if c.Name == "web" {
			c.State = engine.StateDead
		}
	}
	w.resync(t)
	w.wantView(t, "db running, web dead touched")
}

func TestWhatIsRemovedLeavesTheView(t *testing.T) {
	w := newWorld(t, "web", "db")
	w.Expect(w.View().Containers[1].ID, engine.VerbStop)()
	w.Remove("web")
	w.settle(t)
	w.wantView(t, "db running")
	if v := w.View(); len(v.Seen) != 1 || len(v.Touched) != 0 {
		t.Errorf("still remembered: seen %v, touched %v", v.Seen, v.Touched)
	}
	if len(w.known) != 1 || len(w.asked) != 1 || len(w.listed)+len(w.expected)+len(w.unread)+len(w.flights)+len(w.failed) > 0 {
		t.Errorf("still kept: known %v, asked %v, listed %v, expected %v, unread %v, flights %v, failed %v",
			w.known, w.asked, w.listed, w.expected, w.unread, w.flights, w.failed)
	}
}

func TestAbsenceFromAListIsNotBelieved(t *testing.T) {
	w := newWorld(t, "web", "db")
	w.list = func(list []engine.Summary) []engine.Summary { return list[:1] }
	w.resync(t)
	w.wantCalls(t, map[string]int{"list": 1, "inspect": 2})
	w.wantView(t, "db running, web running")
}

func TestAnEmptyListIsReadAgain(t *testing.T) {
	w := newWorld(t, "web")
	empty := 2
	w.list = func(list []engine.Summary) []engine.Summary {
		if empty--; empty >= 0 {
			return nil
		}
		return list
	}
	w.resync(t)
	w.wantCalls(t, map[string]int{"list": 3, "inspect": 1})

	w.Silence(true)
	w.Remove("web")
	w.resync(t)
	w.wantCalls(t, map[string]int{"list": 3, "inspect": 2})
	w.wantView(t, "")
	w.resync(t)
	w.wantCalls(t, map[string]int{"list": 1, "inspect": 1})
}

func TestAFailedInspectIsNotBelievedAndTriedAgain(t *testing.T) {
	w := newWorld(t, "web", "db")
	w.Exit("web", 1)
	w.Exit("db", 1)
	w.FailNext("inspect", engine.ErrUnavailable)
	if err := w.Settle(t.Context()); !errors.Is(err, engine.ErrUnavailable) {
		t.Fatalf("Settle: %v", err)
	}
	running := 0
	for _, c := range w.View().Containers {
		if c.Running() {
			running++
		}
	}
	if running != 1 {
		t.Errorf("one of two inspects failed, yet: %s", w)
	}
	w.settle(t)
	w.wantView(t, "db exited, web exited")
}

func TestAChangeWhileWeLookIsNotLost(t *testing.T) {
	w := newWorld(t)
	w.create("web")
	w.looked = func(string) { // the answer is on its way
		w.looked = nil
		w.Exit("web", 1)
	}
	w.observe(t, Options{})
	w.settle(t)
	w.wantView(t, "web exited")
}

func TestAnOlderInspectNeverReplacesANewer(t *testing.T) {
	w := newWorld(t, "web")
	c := w.View().Containers[0]
	newer := c
	newer.State = engine.StateExited
	if !w.apply(newer, 100) || w.apply(c, 99) || w.gone(c.ID, 99) {
		t.Error("the older answer changed the view")
	}
	w.wantView(t, "web exited")
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
