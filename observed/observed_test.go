package observed

import (
	"errors"
	"testing"

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
