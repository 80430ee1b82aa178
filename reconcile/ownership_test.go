package reconcile

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/reconcile/plan"
)

// TestTheFileMayChangeBetweenTwoLooks: it is somebody else's, at any moment.
func TestTheFileMayChangeBetweenTwoLooks(t *testing.T) {
	const one = "version: 1\nproject: p\nservices:\n  web: running\n"
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{}))
	w.desired.then = func() { w.desired.write(t, one) }
	w.r.Affected()
	w.settle()
	if o := w.r.Known(); len(o.Services) != 1 || !o.Services[0].Converged {
		t.Errorf("%+v", o.Services)
	}
}

// TestWhatWasJustListedIsRestarted before anything was decided about it.
func TestWhatWasJustListedIsRestarted(t *testing.T) {
	w := newWorld(t, "version: 1\nproject: p\nservices:\n  db: stopped\n", ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{}))
	w.desired.write(t, two)
	ticket, err := w.r.Restart(w.key("web"), "cli:ann", "stuck")
	if err != nil {
		t.Fatal(err)
	}
	w.settle("web")
	o := w.r.Known()
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
		o := w.r.Known()
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

// TestWhatIsListedAndCannotBeLookedAtIsNotMissing: nothing is done in doubt, and
// nobody is told to create it.
func TestWhatIsListedAndCannotBeLookedAtIsNotMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		e.Create(ours("web", sim.Spec{State: engine.StateExited}))
		e.FailNext("inspect", engine.ErrUnavailable)
		l, _ := live(t, e, "version: 1\nproject: p\nservices: {web: running}\n")
		s := l.service(t, "web")
		if s.Status != plan.StatusUnknown || !strings.Contains(s.Message, "p-web-1 can't be looked at, so nothing is done") || len(s.Containers) > 0 || e.Calls()["start"] > 0 {
			t.Errorf("%s: %s", s.Status, s.Message)
		}
		if _, err := l.Restart(desired.Key{Project: "p", Service: "web"}, "", ""); !errors.Is(err, ErrRefused) {
			t.Errorf("restart: %v", err)
		}
		waitFor(t, time.Minute, func() bool { return l.service(t, "web").Status == plan.StatusRunning })
	})
}
