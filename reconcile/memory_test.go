package reconcile

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

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
	if done := w.desired.memory["job"].Done; done != "" || told != 1 || w.desired.saves < 3 {
		t.Errorf("saved %q, tried %d times, told %d times", done, w.desired.saves, told)
	}
	w.desired.full = nil
	w.engine.Kill("p-web-1", 9)
	w.settle()
	saves := w.desired.saves
	if w.desired.memory["job"].Done != w.id("p-job-1") {
		t.Error("not saved once there was room")
	}
	w.engine.Kill("p-web-1", 9)
	w.settle()
	if w.desired.saves != saves {
		t.Error("saved again although nothing changed")
	}
}

// The disk hangs, as of a file server that is gone: nobody waits for it but who
// writes, and what is done goes on without.
func TestADiskThatHangsHoldsUpNoDecision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		e.Create(ours("web", sim.Spec{State: engine.StateRunning}))
		l, k := live(t, e, "version: 1\nproject: p\nservices: {web: running, job1: completed, job2: completed, job3: completed}\n")
		hung := make(chan struct{})
		k.hung = hung
		t.Cleanup(func() { close(hung) })                      // before the loop is told to end, which waits for it
		for _, job := range []string{"job1", "job2", "job3"} { // more than there are workers
			e.Create(ours(job, sim.Spec{State: engine.StateRunning}))
			synctest.Wait()
			e.Exit("p-"+job+"-1", 0)
			time.Sleep(time.Minute)
		}
		for range 3 {
			e.Kill("p-web-1", 9)
			time.Sleep(time.Minute)
			if got := e.String(); got != "p-job1-1 exited(0)\np-job2-1 exited(0)\np-job3-1 exited(0)\np-web-1 running\n" {
				t.Errorf("with a disk that hangs:\n%s", got)
			}
			if !l.Alive() {
				t.Error("not alive")
			}
			if got := l.UnderWay(); !slices.Contains(got, "write what is remembered") {
				t.Errorf("under way: %q", got)
			}
		}
	})
}
