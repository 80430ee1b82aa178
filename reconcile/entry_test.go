package reconcile

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/engine/sim"
)

const job = "version: 1\nproject: p\nservices: {job: {job: true, state: completed}}\n"

// TestWhatLeavesTheFileIsForgottenOnTheDiskToo, also where nothing is left that
// could be decided about.
func TestWhatLeavesTheFileIsForgottenOnTheDiskToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		e.Create(ours("job", sim.Spec{State: engine.StateExited}))
		l, k := live(t, e, job)
		synctest.Wait()
		if k.memory["job"].Done == "" {
			t.Fatalf("not remembered: %+v", k.memory)
		}
		k.write(t, "version: 1\nproject: p\nservices: {}\n")
		l.Wake()
		synctest.Wait()
		if len(k.memory) > 0 {
			t.Errorf("remembered: %+v", k.memory)
		}
	})
}

func TestWhatLeftTheFileWhileTheProgramWasOffIsForgotten(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{}))
	w.desired.memory = desired.Memory{"web": {Replicas: 1}, "db": {Replicas: 1}, "gone": {Replicas: 3}}
	w.begin()
	if _, kept := w.desired.memory["gone"]; kept || len(w.desired.memory) != 2 {
		t.Errorf("remembered: %+v", w.desired.memory)
	}
}

// TestAKeyOfAnotherProjectIsNobodys, although a service has that name here.
func TestAKeyOfAnotherProjectIsNobodys(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{}))
	w.engine.Kill("p-web-1", 9)
	if err := w.observer.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := desired.Key{Project: "q", Service: "web"}
	if calls, next := w.r.Decide(other); len(calls) > 0 || !next.IsZero() {
		t.Errorf("decided: %+v, again at %s", calls, next)
	}
	if _, err := w.r.Restart(other, "cli:ann", ""); !errors.Is(err, desired.ErrUnknownService) {
		t.Errorf("restart: %v", err)
	}
	if err := w.r.Retry(other, "cli:ann", ""); !errors.Is(err, desired.ErrUnknownService) {
		t.Errorf("retry: %v", err)
	}
	if len(w.r.entries) != 2 {
		t.Errorf("entries: %v", w.r.entries)
	}
}

func TestAnotherProjectInTheFileBeginsAnew(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{}))
	w.desired.write(t, strings.Replace(two, "project: p", "project: q", 1))
	w.settle()
	for key := range w.r.entries {
		if key.Project != "q" {
			t.Errorf("kept: %s", key)
		}
	}
	if o := w.r.Known(); o.Project != "q" || len(o.Services) != 2 || len(w.calls()) > 0 {
		t.Errorf("%+v", o)
	}
}

// TestALookHoldsForOneDriverAndOneDocument, however little has happened.
func TestALookHoldsForOneDriverAndOneDocument(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{}))
	doc := w.desired.snap.Document
	none := func(string) bool { return false }
	first := w.driver.Look(doc, none, nil)
	if w.driver.Look(doc, none, first) != first {
		t.Error("nothing happened, and it was looked anew")
	}
	w.self = engine.Self{ID: w.id("p-web-1")}
	if w.drive().Look(doc, none, first) == first {
		t.Error("another driver takes it for its own")
	}
	w.desired.write(t, one)
	if w.driver.Look(w.desired.snap.Document, none, first) == first {
		t.Error("it is taken for one by another document")
	}
	w.engine.Kill("p-web-1", 9)
	if err := w.observer.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.driver.Look(doc, none, first) == first {
		t.Error("it is taken for what is by now")
	}
}

// TestAPlanForAnotherDocumentKnowsWhichJobsAreDone: what depends on one waits for
// nothing then.
func TestAPlanForAnotherDocumentKnowsWhichJobsAreDone(t *testing.T) {
	w := newWorld(t, "version: 1\nproject: p\nservices:\n  job: {job: true, state: completed}\n  web: stopped\n",
		ours("job", sim.Spec{State: engine.StateExited}),
		after("web", "job:service_completed_successfully:false", sim.Spec{State: engine.StateExited}))
	w.engine.Remove("p-job-1")
	w.settle()
	doc, err := desired.Parse("state.yaml", []byte("version: 1\nproject: p\nservices:\n  job: {job: true, state: completed}\n  web: running\n"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := w.r.PlanFor(doc)
	if err != nil {
		t.Fatal(err)
	}
	if acts := plan.Services[1].Actions; len(acts) != 1 || acts[0].Verb != engine.VerbStart {
		t.Errorf("%s", plan)
	}
}
