package observed

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

// One call fails while everything else of the engine answers.
func TestACallThatFailsEndsTheSessionAndIsTold(t *testing.T) {
	for _, call := range []string{"info", "events", "list"} {
		t.Run("on connecting: "+call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := shop("web")
				e.FailNext(call, engine.ErrUnavailable)
				o := running(t, e, nil)
				if v := o.View(); v.Up || !errors.Is(v.Err, engine.ErrUnavailable) {
					t.Errorf("up %t, %v", v.Up, v.Err)
				}
				if calls := e.Calls(); calls[call] != 1 || calls["inspect"] > 0 {
					t.Errorf("%v", calls)
				}
				pass(firstRetry)
				if v := o.View(); !v.Up || v.Err != nil || show(v) != "web running" {
					t.Errorf("up %t, %v: %s", v.Up, v.Err, show(v))
				}
			})
		})
	}
	t.Run("on a resync", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e := shop("web")
			o := running(t, e, nil)
			e.FailNext("list", engine.ErrUnavailable)
			o.LookNow()
			synctest.Wait()
			if v := o.View(); v.Up || !errors.Is(v.Err, engine.ErrUnavailable) {
				t.Errorf("up %t, %v", v.Up, v.Err)
			}
			pass(firstRetry)
			if v := o.View(); !v.Up {
				t.Errorf("it isn't connected again: %v", v.Err)
			}
		})
	})
}

func TestRunEndsAfterAllThatItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &tardy{Engine: shop("web")} // it goes on when nobody waits any more
		o := New(Options{Engine: e, Project: "shop"})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- o.Run(ctx) }()
		pass(10 * time.Second)
		o.LookNow()
		synctest.Wait()
		if n := e.lists.now.Load(); n != 1 {
			t.Fatalf("%d lists are under way", n)
		}
		cancel()
		if err, n := <-ended, e.lists.now.Load(); err != nil || n > 0 {
			t.Errorf("%v; %d lists are still under way", err, n)
		}
	})
}

func TestNothingIsAskedAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		e.Down()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- New(Options{Engine: e, Project: "shop"}).Run(ctx) }()
		pass(time.Minute) // it waits for the next attempt
		e.Calls()
		cancel()
		if err := <-ended; err != nil || len(e.Calls()) > 0 {
			t.Errorf("%v, or calls were made", err)
		}
	})
}

// The events of a call that a loss cut off never come.
func TestAfterALossNoEventIsTakenForOurOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		o := running(t, e, nil)
		o.Expect(o.View().Containers[0].ID, engine.VerbStart)
		e.Down()
		synctest.Wait()
		e.Up()
		pass(time.Second)
		e.HandStart("web")
		synctest.Wait()
		if v := o.View(); !v.Up || show(v) != "web running" {
			t.Errorf("up %t: %s", v.Up, show(v))
		}
	})
}

func TestWhatWasHiddenBeforeALossAndIsNoLongerListedIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web", "db")
		db := readable(t, e, "db")
		db.over.Store(false) // and never again
		o := running(t, db, nil)
		if v := o.View(); len(v.Hidden) != 1 || len(v.Unread) != 1 {
			t.Fatalf("hidden %v, unread %v", v.Hidden, v.Unread)
		}
		e.Down()
		synctest.Wait()
		e.Remove("db")
		e.Up()
		for range 3 {
			pass(time.Minute)
			if err := o.Refresh(t.Context(), db.id); err == nil {
				t.Error("it could be inspected")
			}
			if v := o.View(); !v.Up || len(v.Hidden)+len(v.Unread) > 0 {
				t.Errorf("up %t, hidden %v, unread %v", v.Up, v.Hidden, v.Unread)
			}
		}
	})
}

// No list shows it, so that nothing is known of it but that there was one.
func TestWhatIsOursByNameAndCannotBeReadOnReturnIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		e.Create(sim.Spec{Name: "panel", State: engine.StateRunning})
		panel := readable(t, e, "panel")
		o := runningAs(t, Options{Engine: panel, Names: func() map[string]bool { return map[string]bool{"panel": true} }})
		if v := o.View(); show(v) != "panel running, web running" {
			t.Fatal(show(v))
		}
		panel.over.Store(false)
		e.Down()
		synctest.Wait()
		e.Up()
		pass(time.Minute)
		if v := o.View(); !v.Up || show(v) != "web exited" || len(v.Hidden)+len(v.Unread) > 0 {
			t.Errorf("up %t: %s, hidden %v, unread %v", v.Up, show(v), v.Hidden, v.Unread)
		}
	})
}

// moody takes a second for a list when it is told to.
type moody struct {
	*sim.Engine
	lists crowd
	slow  atomic.Bool
}

func (e *moody) List(ctx context.Context, project string) ([]engine.Summary, error) {
	if e.slow.Load() {
		e.lists.pass()
	}
	return e.Engine.List(ctx, project)
}

func TestAResyncThatFallsDueDuringAnotherIsNoSecondOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &moody{Engine: shop("web")}
		o := running(t, e, nil)
		pass(29*time.Second + 500*time.Millisecond)
		e.slow.Store(true)
		o.LookNow()
		pass(10 * time.Second)
		if most := e.lists.most.Load(); most != 1 {
			t.Errorf("%d lists at once", most)
		}
	})
}
