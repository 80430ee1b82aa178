package reconcile

import (
	"strings"
	"testing"

	"reconciler/engine"
	"reconciler/engine/sim"
)

// TestTheFileMayChangeBetweenTwoLooks: it is somebody else's, at any moment.
func TestTheFileMayChangeBetweenTwoLooks(t *testing.T) {
	const one = "version: 1\nproject: p\nservices:\n  web: running\n"
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{}))
	w.desired.then = func() { w.desired.write(t, one) }
	w.r.Affected()
	w.settle()
	if o := w.r.Overview(); len(o.Services) != 1 || !o.Services[0].Converged {
		t.Errorf("%+v", o.Services)
	}
}

// TestWhatWasJustListedIsRestarted before anything was decided about it.
func TestWhatWasJustListedIsRestarted(t *testing.T) {
	w := newWorld(t, "version: 1\nproject: p\nservices:\n  db: stopped\n", ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{}))
	w.desired.write(t, two)
	ticket, err := w.r.Restart("web", "cli:ann", "stuck")
	if err != nil {
		t.Fatal(err)
	}
	w.settle("web")
	o := w.r.Overview()
	if web, _ := o.Service("web"); web.Acts.Ended != ticket || w.calls()["restart"] != 1 {
		t.Errorf("acts %d of ticket %d, calls %v", web.Acts.Ended, ticket, w.calls())
	}
	for _, e := range w.events {
		if e.Kind == KindRequested && (e.Actor != "cli:ann" || e.Message != "stuck") {
			t.Errorf("%+v", e)
		}
	}
}

// TestWhatCannotBeLookedAtIsSaidToBeOld, once, until it can be again.
func TestWhatCannotBeLookedAtIsSaidToBeOld(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{}))
	c, err := w.engine.Inspect(t.Context(), "p-web-1")
	if err != nil {
		t.Fatal(err)
	}
	warned := func() (warnings []string, told int) {
		for _, e := range w.events {
			if e.Kind == KindWarning {
				told++
			}
		}
		o := w.r.Overview()
		web, _ := o.Service("web")
		return web.Warnings, told
	}
	for range 3 {
		w.engine.FailNext("inspect", engine.ErrUnavailable)
		if err := w.observer.Refresh(t.Context(), c.ID); err == nil {
			t.Fatal("it was looked at")
		}
		for _, name := range w.r.Affected() {
			w.decide(name)
		}
	}
	if warnings, told := warned(); len(warnings) != 1 || !strings.Contains(warnings[0], "p-web-1 can't be looked at") || told != 1 {
		t.Errorf("warnings %q, told %d times", warnings, told)
	}
	w.settle()
	if warnings, _ := warned(); len(warnings) > 0 {
		t.Errorf("after a look: %q", warnings)
	}
}
