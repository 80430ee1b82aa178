package observed

import (
	"errors"
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
		e.Calls()
		for range 3 {
			o.LookNow()
			synctest.Wait()
		}
		if calls := e.Calls(); len(calls) != 1 || calls["list"] != 3 {
			t.Errorf("three looks: %v", calls)
		}
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
	for name, change := range map[string]func(*sim.Engine){
		"an exit":   func(e *sim.Engine) { e.Exit("web", 1) },
		"a removal": func(e *sim.Engine) { e.Remove("web") },
		"a rename":  func(e *sim.Engine) { e.Rename("web", "web2") },
		"a container that is being removed already": func(e *sim.Engine) {
			e.Create(sim.Spec{Name: "new", State: engine.StateRemoving, Labels: map[string]string{engine.LabelProject: "shop"}})
		},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { silent(t, change) }) })
	}
}

func silent(t *testing.T, change func(*sim.Engine)) {
	var lost []error
	e := shop("web", "db")
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
	change(e)
	pass(time.Minute)
	if len(lost) != 1 || !errors.Is(lost[0], errSilent) {
		t.Errorf("lost: %v", lost)
	}
	e.Silence(false)
	e.Exit("db", 0)
	synctest.Wait()
	if v := o.View(); !v.Up || v.Containers[0].State != engine.StateExited {
		t.Errorf("up %t: %s", v.Up, show(v))
	}
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

func TestAStreamThatTellsOfOthersIsNotSilent(t *testing.T) {
	for name, at := range map[string]time.Duration{"just before": 29 * time.Second, "just after": 31 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := shop("web")
				e.Create(sim.Spec{Name: "foreign", State: engine.StateRunning})
				o := running(t, e, nil)
				since := o.View().Since
				e.Silence(true)
				e.Exit("web", 1) // this event is lost
				pass(at)         // the resync is after 30 s
				e.Silence(false)
				e.Kill("foreign", 15)
				pass(time.Minute)
				if v := o.View(); show(v) != "web exited" || !v.Since.Equal(since) {
					t.Errorf("%s; reopened: %t", show(v), !v.Since.Equal(since))
				}
			})
		})
	}
}

// A resync can show each of these while the stream says nothing of them.
func TestWhichChangesAnEngineTells(t *testing.T) {
	is := engine.Container{Summary: engine.Summary{Name: "web", State: engine.StateExited}, StartedAt: time.Unix(1, 0), FinishedAt: time.Unix(2, 0)}
	for name, c := range map[string]struct {
		change func(*engine.Container)
		told   bool
	}{
		"nothing":       {func(*engine.Container) {}, false},
		"a name":        {func(c *engine.Container) { c.Name = "db" }, true},
		"a state":       {func(c *engine.Container) { c.State = engine.StateRunning }, true},
		"a start":       {func(c *engine.Container) { c.StartedAt = time.Unix(3, 0) }, true},
		"an end":        {func(c *engine.Container) { c.FinishedAt = time.Unix(3, 0) }, true},
		"another zone":  {func(c *engine.Container) { c.StartedAt = c.StartedAt.UTC() }, false},
		"a health":      {func(c *engine.Container) { c.Health = engine.HealthHealthy }, false},
		"dead":          {func(c *engine.Container) { c.State = engine.StateDead }, false},
		"being removed": {func(c *engine.Container) { c.State = engine.StateRemoving }, false},
	} {
		becomes := is
		c.change(&becomes)
		if got := told(is, becomes); got != c.told {
			t.Errorf("%s: told %t, want %t", name, got, c.told)
		}
	}
}

func TestWhatEnginesTellNothingOfIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		o := running(t, e, nil)
		since := o.View().Since
		e.SetState("web", engine.StateRemoving)
		pass(time.Minute)
		if v := o.View(); show(v) != "web removing" || !v.Since.Equal(since) {
			t.Errorf("%s; reopened: %t", show(v), !v.Since.Equal(since))
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
		if v := o.View(); v.Up || !errors.Is(v.Err, engine.ErrUnavailable) || show(v) != "db running, web running" || v.Version <= first.Version {
			t.Errorf("up %t, %v: %s; version %d became %d", v.Up, v.Err, show(v), first.Version, v.Version)
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

func TestOnReturnWhatLooksTheSameIsInspectedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		o := running(t, e, nil)
		e.Down()
		synctest.Wait()
		e.Up()
		e.HandStart("web") // it runs, as it did before
		started := time.Now()
		pass(time.Second)
		if v := o.View(); !v.Up || !v.Containers[0].StartedAt.Equal(started) {
			t.Errorf("up %t, started %v; want %v", v.Up, v.Containers[0].StartedAt, started)
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
		e.Down()
		synctest.Wait()
		e.Up()
		pass(firstRetry)
		if v := o.View(); !v.Up {
			t.Errorf("a new loss isn't retried at once: %v", v.Err)
		}
	})
}
