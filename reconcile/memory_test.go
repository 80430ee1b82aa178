package reconcile

import (
	"errors"
	"testing"

	"reconciler/engine"
	"reconciler/engine/sim"
)

const jobs = "version: 1\nproject: p\nservices:\n  web: running\n  job: completed\n"

// The disk is full while a job ends: what is remembered is written by the next
// decision for which there is room, about whatever service, and told of once.
func TestWhatCouldNotBeSavedIsSavedByTheNextDecision(t *testing.T) {
	w := newWorld(t, jobs, ours("web", sim.Spec{State: engine.StateRunning}), ours("job", sim.Spec{State: engine.StateRunning}))
	w.desired.full = errors.New("no space left on device")
	w.engine.Exit("p-job-1", 0)
	w.settle()
	for range 3 {
		w.engine.Kill("p-web-1", 9)
		w.settle()
	}
	told := 0
	for _, e := range w.events {
		if e.Kind == KindWarning && errors.Is(e.Err, w.desired.full) {
			told++
		}
	}
	if done := w.desired.memory.Jobs["job"]; done != "" || told != 1 || w.desired.saves < 3 {
		t.Errorf("saved %q, tried %d times, told %d times", done, w.desired.saves, told)
	}
	w.desired.full = nil
	w.engine.Kill("p-web-1", 9)
	w.settle()
	saves := w.desired.saves
	if w.desired.memory.Jobs["job"] != w.id("p-job-1") {
		t.Error("not saved once there was room")
	}
	w.engine.Kill("p-web-1", 9)
	w.settle()
	if w.desired.saves != saves {
		t.Error("saved again although nothing changed")
	}
}
