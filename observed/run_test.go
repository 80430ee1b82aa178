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

func TestWhatEventsTellReachesTheView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web", "db")
		o := running(t, e, nil)
		e.Calls()
		e.Exit("web", 1)
		synctest.Wait()
		if got := show(o.View()); got != "db running, web exited" {
			t.Error(got)
		}
		if calls := e.Calls(); len(calls) != 1 || calls["inspect"] != 1 {
			t.Errorf("calls: %v", calls)
		}
	})
}

func TestAnIdleEngineIsListedAtEachResync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		running(t, e, nil)
		e.Calls()
		pass(10*time.Minute + time.Second)
		if calls := e.Calls(); len(calls) != 1 || calls["list"] != 20 {
			t.Errorf("in ten minutes: %v", calls)
		}
	})
}

func TestLookNowDoesNotWaitForTheResync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		o := running(t, e, nil)
		e.Silence(true)
		e.Exit("web", 1)
		o.LookNow()
		synctest.Wait()
		if got := show(o.View()); got != "web exited" {
			t.Error(got)
		}
	})
}

func TestASilentStreamIsReopened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost []error
		e := shop("web")
		o := running(t, e, func(h Heard) {
			if h.Lost != nil {
				lost = append(lost, h.Lost)
			}
		})
		e.Silence(true)
		pass(time.Hour)
		if len(lost) != 0 {
			t.Fatalf("nothing happened, and yet: %v", lost)
		}
		e.Exit("web", 1)
		pass(time.Minute)
		if len(lost) != 1 || !errors.Is(lost[0], errSilent) {
			t.Errorf("lost: %v", lost)
		}
		e.Silence(false)
		e.HandStart("web")
		synctest.Wait()
		if v := o.View(); !v.Up || show(v) != "web running" {
			t.Errorf("up %t: %s", v.Up, show(v))
		}
	})
}

func TestAChangeThatTheStreamToldOfIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		o := running(t, e, nil)
		since := o.View().Since
		for range 20 {
			pass(30*time.Second - time.Millisecond) // just before the resync
			e.Exit("web", 1)
			pass(time.Millisecond)
			e.HandStart("web")
		}
		if v := o.View(); !v.Since.Equal(since) {
			t.Error("the stream was reopened")
		}
	})
}

func TestNothingIsBelievedWhileTheEngineIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard []string
		e := shop("web", "db")
		o := running(t, e, func(h Heard) {
			switch {
			case h.Lost != nil:
				heard = append(heard, "lost")
			case h.Connected != nil:
				heard = append(heard, "connected")
			}
		})
		first := o.View()
		e.Down()
		synctest.Wait()
		if v := o.View(); v.Up || !errors.Is(v.Err, engine.ErrUnavailable) || show(v) != "db running, web running" {
			t.Errorf("up %t, %v: %s", v.Up, v.Err, show(v))
		}
		pass(10 * time.Minute)
		e.Up()
		e.Remove("db")
		e.Calls()
		pass(lastRetry)
		v := o.View()
		if !v.Up || v.Err != nil || show(v) != "web exited" {
			t.Errorf("up %t, %v: %s", v.Up, v.Err, show(v))
		}
		if !v.First.Equal(first.First) || !v.Since.After(first.Since) {
			t.Errorf("first %v, since %v; before %v, %v", v.First, v.Since, first.First, first.Since)
		}
		if calls := e.Calls(); calls["list"] == 0 || calls["inspect"] != 2 {
			t.Errorf("on return: %v; want each known container inspected", calls)
		}
		if len(heard) != 3 {
			t.Errorf("heard %v; want connected, lost once, connected", heard)
		}
	})
}

func TestAnAbsentEngineIsAskedLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		e.Down()
		o := running(t, e, nil)
		pass(time.Minute)
		if n := e.Calls()["info"]; n < 8 || n > 14 { // 0.2 s doubled to 30 s, each with at most half taken off
			t.Errorf("asked %d times in the first minute", n)
		}
		pass(time.Hour)
		if n := e.Calls()["info"]; n < 120 || n > 240 {
			t.Errorf("asked %d times in an hour", n)
		}
		e.Up()
		pass(lastRetry)
		if v := o.View(); !v.Up || v.First.IsZero() {
			t.Errorf("the engine came, and yet: %v", v.Err)
		}
	})
}

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
	*sim.Engine
	id   string
	over *atomic.Bool
}

func (e unreadable) Inspect(ctx context.Context, ref string) (engine.Container, error) {
	if ref == e.id && !e.over.Load() {
		return engine.Container{}, engine.ErrUnavailable
	}
	return e.Engine.Inspect(ctx, ref)
}

func TestAnUnreadableContainerStaysOutOfTheFirstView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		id := e.Create(sim.Spec{Name: "db", Labels: map[string]string{engine.LabelProject: "shop"}})
		var over atomic.Bool
		o := running(t, unreadable{e, id, &over}, nil)
		if v := o.View(); !v.Up || show(v) != "web running" {
			t.Errorf("up %t: %s", v.Up, show(v))
		}
		pass(time.Hour)
		since := o.View().Since
		over.Store(true)
		pass(lastRetry)
		if v := o.View(); show(v) != "db created, web running" || !v.Since.Equal(since) {
			t.Error(show(v))
		}
	})
}

func TestARefreshIsNeverOlderThanItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		o := running(t, e, nil)
		id := o.View().Containers[0].ID
		answered, release := make(chan struct{}), make(chan struct{})
		late := &slow{Engine: e, answered: answered, release: release}
		o.opt.Engine = late // Run is idle: the next inspect is ours
		go func() { _ = o.Refresh(t.Context(), id) }()
		<-answered // it saw the container running; its answer is on its way
		done := o.Expect(id, Stop)
		if err := e.Stop(t.Context(), id, 0); err != nil {
			t.Fatal(err)
		}
		done()
		refreshed := make(chan error, 2)
		for range 2 {
			go func() { refreshed <- o.Refresh(t.Context(), id) }()
		}
		synctest.Wait()
		close(release)
		for range 2 {
			if err := <-refreshed; err != nil {
				t.Fatal(err)
			}
		}
		if got := show(o.View()); got != "web exited" {
			t.Error(got)
		}
		if late.count != 2 {
			t.Errorf("%d inspects; want those who asked meanwhile to share the second", late.count)
		}
	})
}

// slow holds back the first answer to an inspect.
type slow struct {
	*sim.Engine
	answered, release chan struct{}
	count             int
}

func (e *slow) Inspect(ctx context.Context, ref string) (engine.Container, error) {
	c, err := e.Engine.Inspect(ctx, ref)
	if e.count++; e.count == 1 {
		close(e.answered)
		<-e.release
	}
	return c, err
}
