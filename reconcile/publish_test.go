package reconcile

import (
	"strings"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

// What the file asks for is shown from the moment at which it does; what it
// doesn't change stays as it was decided.
func TestAnAcceptedChangeIsShownBeforeItIsDecidedAbout(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{State: engine.StateExited}))
	w.desired.write(t, strings.Replace(two, "db: stopped", "db: {state: running, suspend: {by: ann}}", 1))
	o := w.r.Overview()
	db, _ := o.Service("db")
	if db.Desired != "running" || db.Suspended == nil || db.Converged || db.Ready || db.ObservedGeneration != 1 || db.Generation != 2 {
		t.Errorf("db: %+v", db)
	}
	if web, _ := o.Service("web"); !web.Converged || !web.Ready || web.Generation != 2 || web.ObservedGeneration != 1 {
		t.Errorf("web: %+v", web)
	}
	w.settle()
	o = w.r.Overview()
	if db, _ = o.Service("db"); db.ObservedGeneration != 2 || db.Suspended == nil {
		t.Errorf("decided: %+v", db)
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
	o := w.r.Overview()
	if web, _ := o.Service("web"); web.Converged || web.Status != "stopped" || !strings.Contains(web.Message, "dry run") {
		t.Errorf("web: %+v", web)
	}
	if r, err := w.r.Plan(); err != nil || !r.Pending || len(r.Services[0].Actions) != 1 {
		t.Errorf("the plan tells what would be done: %+v, %v", r, err)
	}
	if _, err := w.r.Restart("web", "cli:ann", ""); err == nil {
		t.Error("a restart was taken")
	}
}
