package reconcile

import (
	"strings"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

// What the file asks for is shown from the moment at which it does; what is as
// wanted and isn't changed by it stays so.
func TestAnAcceptedChangeIsShownBeforeItIsDecidedAbout(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{State: engine.StateExited}))
	w.desired.write(t, strings.Replace(two, "db: stopped", "db: {state: running, suspend: {by: ann}}", 1))
	o := w.r.Known()
	db, _ := o.Service("db")
	if db.Desired != "running" || db.Suspended == nil || db.Converged || db.Ready || db.ObservedGeneration != 1 || db.Generation != 2 {
		t.Errorf("db: %+v", db)
	}
	if web, _ := o.Service("web"); !web.Converged || !web.Ready || web.Generation != 2 {
		t.Errorf("web: %+v", web)
	}
	w.settle()
	o = w.r.Known()
	if db, _ = o.Service("db"); db.ObservedGeneration != 2 || db.Suspended == nil {
		t.Errorf("decided: %+v", db)
	}
}

// Whoever reads converged must not have to compare generations.
func TestConvergedIsSaidOnlyOfTheGenerationInForce(t *testing.T) {
	w := newWorld(t, three, ours("web", sim.Spec{State: engine.StateRunning}), ours("api", sim.Spec{State: engine.StateRunning}))
	before, _ := ptr(w.r.Known()).Service("web")
	w.desired.write(t, strings.Replace(three, "api: running", "api: stopped", 1))
	for name, want := range map[string]int64{"web": 2, "api": 1, "db": 1} { // as wanted; changed; without a container
		n, _ := ptr(w.r.Known()).Service(name)
		if n.ObservedGeneration != want || n.Converged != (want == 2) {
			t.Errorf("%s: converged %v, observed in generation %d of %d", name, n.Converged, n.ObservedGeneration, n.Generation)
		}
		for _, c := range n.Conditions {
			if c.ObservedGeneration != want {
				t.Errorf("%s: %+v", name, c)
			}
		}
	}
	if c, _ := before.Condition(Ready); c.ObservedGeneration != 1 {
		t.Errorf("what was published before has changed: %+v", c)
	}
	w.desired.write(t, three) // while nobody decides
	if web, _ := ptr(w.r.Known()).Service("web"); web.ObservedGeneration != 3 {
		t.Errorf("web was observed in generation %d", web.ObservedGeneration)
	}
}

func TestADryRunActsOnNothingAndTellsOnce(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{State: engine.StateExited}))
	w.r.opt.DryRun = true
	w.engine.Calls()
	w.engine.Kill("p-web-1", 9)
	w.settle()
	w.pass(time.Hour)
	w.expect("p-db-1 exited(0)\np-web-1 exited(137)")
	withheld := 0
	for _, e := range w.events {
		if e.Kind == KindWithheld && strings.Contains(e.Message, "starting p-web-1") {
			withheld++
		}
	}
	if c := w.engine.Calls(); c["start"] != 0 || withheld != 1 {
		t.Errorf("calls %v, told %d times", c, withheld)
	}
	o := w.r.Known()
	if web, _ := o.Service("web"); web.Converged || web.Status != "stopped" || !strings.Contains(web.Message, "dry run") {
		t.Errorf("web: %+v", web)
	}
	if r, err := w.r.Plan(); err != nil || !r.Pending || len(r.Services[0].Actions) != 1 {
		t.Errorf("the plan tells what would be done: %+v, %v", r, err)
	}
	if _, err := w.r.Restart(w.key("web"), "cli:ann", ""); err == nil {
		t.Error("a restart was taken")
	}
}
