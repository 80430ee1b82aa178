package observed

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

func TestABlockedInspectHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web", "db")
		o := running(t, e, nil)
		stuck := o.View().Containers[0].ID
		e.Hang(stuck)
		e.Exit("db", 1)
		synctest.Wait()
		e.Exit("web", 1)
		synctest.Wait()
		if got := show(o.View()); got != "db running, web exited" {
			t.Error(got)
		}
		pass(5 * time.Minute) // resyncs go on
		e.HandStart("web")
		synctest.Wait()
		if v := o.View(); !v.Up || show(v) != "db running, web running" {
			t.Errorf("up %t: %s", v.Up, show(v))
		}
		e.Release(stuck)
		synctest.Wait()
		if got := show(o.View()); got != "db exited, web running" {
			t.Error(got)
		}
	})
}

// unreadable gives no answer about one container until that is over.
type unreadable struct {
	engine.Engine
	id    string
	over  *atomic.Bool
	asked *atomic.Int32
}

func (e unreadable) Inspect(ctx context.Context, ref string) (engine.Container, error) {
	c, err := e.Engine.Inspect(ctx, ref)
	if (ref == e.id || c.ID == e.id) && !e.over.Load() {
		e.asked.Add(1)
		return engine.Container{}, engine.ErrUnavailable
	}
	return c, err
}

// readable is an engine that gives an answer about the container, for now.
func readable(t *testing.T, e *sim.Engine, name string) unreadable {
	t.Helper()
	c, err := e.Inspect(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	u := unreadable{e, c.ID, new(atomic.Bool), new(atomic.Int32)}
	u.over.Store(true)
	return u
}

func TestAnUnreadableContainerStaysOutOfTheFirstView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		id := e.Create(sim.Spec{Name: "db", Labels: map[string]string{engine.LabelProject: "shop"}})
		var over atomic.Bool
		var asked atomic.Int32
		o := running(t, unreadable{e, id, &over, &asked}, nil)
		if v := o.View(); !v.Up || show(v) != "web running" || len(v.Hidden) != 1 || v.Hidden[0].Name != "db" || v.Unread[id] == nil {
			t.Errorf("up %t: %s, hidden %v, unread %v", v.Up, show(v), v.Hidden, v.Unread)
		}
		pass(25 * time.Second)
		if n := asked.Load(); n < 5 || n > 10 { // 0.2 s doubled, each with at most half taken off
			t.Errorf("asked %d times", n)
		}
		pass(time.Hour)
		since := o.View().Since
		over.Store(true)
		pass(lastRetry)
		if v := o.View(); show(v) != "db created, web running" || !v.Since.Equal(since) || len(v.Hidden)+len(v.Unread) > 0 {
			t.Errorf("%s, hidden %v, unread %v", show(v), v.Hidden, v.Unread)
		}
		pass(time.Hour)
		e.FailNext("inspect", engine.ErrUnavailable)
		e.Exit("web", 1)
		pass(firstRetry)
		if v := o.View(); show(v) != "db created, web exited" {
			t.Errorf("an inspect that failed is not retried at once: %s", show(v))
		}
	})
}

func TestWhatCannotBeReadOnReturnIsNotKnownAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web", "db")
		db := readable(t, e, "db")
		o := running(t, db, nil)
		db.over.Store(false)
		e.Down()
		synctest.Wait()
		e.Up()
		pass(time.Second)
		if v := o.View(); !v.Up || show(v) != "web exited" || len(v.Hidden) != 1 || v.Hidden[0].Name != "db" || v.Unread[db.id] == nil {
			t.Errorf("up %t: %s, hidden %v, unread %v", v.Up, show(v), v.Hidden, v.Unread)
		}
		e.Remove("db")
		pass(time.Minute)
		if v := o.View(); len(v.Hidden)+len(v.Unread) == 0 {
			t.Error("it is believed to be gone, though it can't be inspected")
		}
		db.over.Store(true)
		pass(lastRetry)
		if v := o.View(); len(v.Hidden)+len(v.Unread) > 0 {
			t.Errorf("gone: hidden %v, unread %v", v.Hidden, v.Unread)
		}
		db.over.Store(false)
		if err := o.Refresh(t.Context(), db.id); err == nil {
			t.Error("it could be inspected")
		}
		if v := o.View(); len(v.Hidden)+len(v.Unread) > 0 {
			t.Errorf("gone, and asked for again: hidden %v, unread %v", v.Hidden, v.Unread)
		}
	})
}

func TestWhatCannotBeReadAnyMoreIsSaidToBeOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web", "db")
		db := readable(t, e, "db")
		o := running(t, db, nil)
		db.over.Store(false)
		e.Exit("db", 1)
		synctest.Wait()
		v := o.View()
		if show(v) != "db running, web running" || len(v.Hidden) > 0 || len(v.Unread) != 1 || v.Unread[db.id] == nil {
			t.Errorf("%s, hidden %v, unread %v", show(v), v.Hidden, v.Unread)
		}
		pass(25 * time.Second)
		if again := o.View(); again.Version != v.Version {
			t.Error("the same trouble is told again and again")
		}
		db.over.Store(true)
		pass(lastRetry)
		if v := o.View(); show(v) != "db exited, web running" || len(v.Unread) > 0 {
			t.Errorf("%s, unread %v", show(v), v.Unread)
		}
	})
}

func TestWhatCannotBeReadIsInTheOrderOfItsNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := shop("e", "b", "f", "d", "a", "c")
		var e engine.Engine = all
		for name := range strings.SplitSeq("abcdef", "") {
			u := readable(t, all, name)
			u.over.Store(false)
			u.Engine = e
			e = u
		}
		var hidden string
		for _, s := range running(t, e, nil).View().Hidden {
			hidden += s.Name
		}
		if hidden != "abcdef" {
			t.Errorf("hidden are %s", hidden)
		}
	})
}

func TestOnReturnTheViewIsOfBeforeUntilItIsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web", "db")
		o := running(t, e, nil)
		stuck := o.View().Containers[0].ID
		e.Down()
		synctest.Wait()
		before := o.View()
		e.Hang(stuck)
		e.Up() // web is exited, and can be inspected
		pass(time.Minute)
		if v := o.View(); v.Up || show(v) != "db running, web running" {
			t.Errorf("up %t: %s; version %d became %d", v.Up, show(v), before.Version, v.Version)
		}
		e.Release(stuck)
		synctest.Wait()
		if v := o.View(); !v.Up || show(v) != "db exited, web exited" {
			t.Errorf("up %t: %s", v.Up, show(v))
		}
	})
}

// dying ends when it is asked about a container.
type dying struct{ *sim.Engine }

func (e dying) Inspect(ctx context.Context, ref string) (engine.Container, error) {
	e.Down()
	return e.Engine.Inspect(ctx, ref)
}

func TestAnEngineThatEndsWhileWeLookWasNeverThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := running(t, dying{shop("web", "db")}, func(h Heard) {
			if h.Connected != nil {
				t.Error("connected")
			}
		})
		pass(time.Minute)
		if v := o.View(); v.Up || !v.First.IsZero() || v.Err == nil {
			t.Errorf("up %t, first %v, %v", v.Up, v.First, v.Err)
		}
	})
}

// tardy takes a second for each read, and counts how many it makes at once.
type tardy struct {
	*sim.Engine
	lists, inspects crowd
}

type crowd struct{ now, most atomic.Int32 }

func (c *crowd) pass() {
	n := c.now.Add(1)
	c.most.Store(max(n, c.most.Load()))
	<-time.After(time.Second)
	c.now.Add(-1)
}

func (e *tardy) List(ctx context.Context, project string) ([]engine.Summary, error) {
	e.lists.pass()
	return e.Engine.List(ctx, project)
}

func (e *tardy) Inspect(ctx context.Context, ref string) (engine.Container, error) {
	e.inspects.pass()
	return e.Engine.Inspect(ctx, ref)
}

func TestATardyEngineIsNotCrowded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &tardy{Engine: shop(many(40)...)}
		o := running(t, e, nil)
		pass(time.Minute)
		if !o.View().Up {
			t.Fatal("never up")
		}
		for range 10 {
			o.LookNow()
			pass(300 * time.Millisecond)
		}
		if lists, inspects := e.lists.most.Load(), e.inspects.most.Load(); lists != 1 || inspects != readers {
			t.Errorf("at most %d lists and %d inspects at once; want 1 and %d", lists, inspects, readers)
		}
		e.Calls()
		pass(19 * time.Minute) // a list takes a second, so one every 200 s
		if n := e.Calls()["list"]; n < 5 || n > 6 {
			t.Errorf("%d lists in 19 minutes", n)
		}
	})
}

func TestWhatAnEventBroughtUpToDateIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		o := running(t, e, nil)
		e.Calls()
		e.FailNext("inspect", engine.ErrUnavailable)
		e.Exit("web", 1)
		synctest.Wait()
		e.HandStart("web")
		pass(time.Second)
		if got, calls := show(o.View()), e.Calls(); got != "web running" || calls["inspect"] != 2 {
			t.Errorf("%s after %v", got, calls)
		}
	})
}

func TestWhatIsRetriedAndHangsIsNotAskedAgainWithTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web", "db")
		o := running(t, e, nil)
		stuck := o.View().Containers[0].ID
		e.Calls()
		e.FailNext("inspect", engine.ErrUnavailable)
		e.Exit("db", 1)
		synctest.Wait()
		e.Hang(stuck)
		pass(firstRetry)
		e.FailNext("inspect", engine.ErrUnavailable)
		e.Exit("web", 1)
		pass(time.Second)
		e.Release(stuck)
		synctest.Wait()
		if got, calls := show(o.View()), e.Calls(); got != "db exited, web exited" || calls["inspect"] != 4 {
			t.Errorf("%s after %v; want two inspects of each", got, calls)
		}
	})
}
