package reconcile

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/reconcile/plan"
)

const suspended = "version: 1\nproject: p\nservices:\n  web: {state: running, suspend: {until: 2000-01-01T06:00:00Z, by: ann}}\n"

// TestASuspensionEndsByTheWallClock. In the bubble it is midnight of the year
// 2000; what the clock is set to moves no timer.
func TestASuspensionEndsByTheWallClock(t *testing.T) {
	for name, c := range map[string]struct {
		jump           time.Duration
		held, released time.Duration // how long it is held still, and by when it is started
	}{
		"no jump":       {0, 5 * time.Hour, 5*time.Hour + time.Second},
		"over its end":  {7 * time.Hour, 0, TickEvery},
		"not so far":    {3 * time.Hour, 2 * time.Hour, 2*time.Hour + time.Second + TickEvery},
		"back":          {-24 * time.Hour, 29 * time.Hour, 29*time.Hour + time.Second},
		"a little back": {-time.Minute, 5*time.Hour + time.Minute, 5*time.Hour + time.Minute + time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var jumped atomic.Int64
				clock := func() time.Time { return time.Now().Add(time.Duration(jumped.Load())) }
				e := sim.New(sim.Options{})
				e.Create(ours("web", sim.Spec{State: engine.StateExited}))
				l, _ := liveBy(t, clock, e, suspended)
				<-time.After(time.Hour - time.Second)
				jumped.Store(int64(c.jump))
				<-time.After(c.held)
				synctest.Wait()
				if s := l.service(t, "web"); s.Suspended == nil || e.Calls()["start"] > 0 {
					t.Fatalf("no longer held: %s", s.Message)
				}
				<-time.After(c.released - c.held)
				synctest.Wait()
				if s := l.service(t, "web"); s.Suspended != nil || s.Status != plan.StatusRunning {
					t.Errorf("still held: %s", s.Message)
				}
			})
		})
	}
}

func TestASuspensionOutlivesTheProgram(t *testing.T) {
	w := newWorld(t, strings.Replace(suspended, "2000-01-01T06", "2026-12-01T14", 1), ours("web", sim.Spec{State: engine.StateExited}))
	w.pass(time.Hour)
	w.begin()
	w.pass(time.Hour - time.Second)
	if c := w.calls(); len(c) > 0 {
		t.Errorf("calls while it is suspended: %v", c)
	}
	w.pass(time.Second)
	w.expect("p-web-1 running")
	w.now = w.now.Add(-time.Minute) // what was over isn't any more
	w.engine.Kill("p-web-1", 9)
	w.begin()
	w.pass(time.Minute - time.Second)
	w.expect("p-web-1 exited(137)")
	w.pass(time.Second)
	w.expect("p-web-1 running")
}

// set is the time by a clock that was set forward: what has passed since then
// is as it was. No function of the package time makes such a one.
func set(t *testing.T, at time.Time, forward time.Duration) time.Time {
	t.Helper()
	is := at
	*(*uint64)(unsafe.Pointer(&is)) += uint64(forward/time.Second) << 30 // its seconds
	if passed, wall := is.Sub(at), is.Round(0).Sub(at.Round(0)); passed != 0 || wall != forward {
		t.Fatalf("time.Time is laid out otherwise: set forward %s, it is %s by the wall and %s later", forward, wall, passed)
	}
	return is
}

// TestABackOffIsNotForTheWallClock.
func TestABackOffIsNotForTheWallClock(t *testing.T) {
	for _, jump := range []time.Duration{0, 24 * time.Hour, -24 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			w := newWorld(t, one, ours("web", sim.Spec{State: engine.StateRunning}))
			w.now = time.Now() // counts what passes, too
			w.begin()
			crash := func() {
				w.pass(time.Second)
				w.engine.Exit("p-web-1", 1)
				w.settle()
			}
			for n := 1; n <= 3; n++ {
				crash()
				w.pass(afterCrash(n) + afterCrash(n)/10)
			}
			crash() // due in 40 s
			w.pass(10 * time.Second)
			w.now = set(t, w.now, jump)
			w.settle("web")
			w.pass(29 * time.Second)
			if s := w.web(); s.Status != plan.StatusBackingOff {
				t.Errorf("after 39 s: %s: %s", s.Status, s.Message)
			}
			w.pass(5 * time.Second)
			if s := w.web(); s.Status != plan.StatusRunning || s.Backoff.Failures != 4 {
				t.Errorf("after 44 s: %s: %s", s.Status, s.Message)
			}
		})
	}
}
