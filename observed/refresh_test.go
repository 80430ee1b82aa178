package observed

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

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
		done := o.Expect(id, engine.VerbStop)
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

func TestWhoeverSharesAnInspectThatFailsIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &tardy{Engine: shop("web")}
		o := running(t, e, nil)
		pass(10 * time.Second)
		id := o.View().Containers[0].ID
		e.Calls()
		e.FailNext("inspect", engine.ErrUnavailable)
		e.FailNext("inspect", engine.ErrUnavailable) // the second and the third share the next
		refreshed := make(chan error, 3)
		for range 3 {
			go func() { refreshed <- o.Refresh(t.Context(), id) }()
		}
		for range 3 {
			if err := <-refreshed; !errors.Is(err, engine.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		if calls := e.Calls(); calls["inspect"] != 2 {
			t.Errorf("%v", calls)
		}
	})
}

// gated lets one inspect by that ID through at a time.
type gated struct {
	*sim.Engine
	id   string
	next chan struct{}
}

func (e gated) Inspect(ctx context.Context, ref string) (engine.Container, error) {
	if ref != e.id {
		return e.Engine.Inspect(ctx, ref)
	}
	select {
	case <-e.next:
		return e.Engine.Inspect(ctx, ref)
	case <-ctx.Done():
		return engine.Container{}, ctx.Err()
	}
}

func TestWhatAnotherLookToldMeanwhileIsNotAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		o := running(t, e, nil)
		id := o.View().Containers[0].ID
		next := make(chan struct{})
		o.opt.Engine = gated{e, id, next} // Run is idle: the inspects are ours
		e.Calls()
		ended := make(chan error, 2)
		for range 2 { // the second is not content with the first
			go func() { ended <- o.Refresh(t.Context(), id) }()
			synctest.Wait()
		}
		if err := o.Refresh(t.Context(), "web"); err != nil { // by its name
			t.Error(err)
		}
		next <- struct{}{}
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if calls := e.Calls(); calls["inspect"] != 2 {
			t.Errorf("%v", calls)
		}
		close(next)
		e.Exit("web", 1)
		synctest.Wait()
		if got := show(o.View()); got != "web exited" {
			t.Error(got)
		}
	})
}

func TestWhoeverGivesUpWaitsForNoInspect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := shop("web")
		o := running(t, e, nil)
		id := o.View().Containers[0].ID
		next := make(chan struct{})
		o.opt.Engine = gated{e, id, next} // Run is idle: the inspects are ours
		refresh := func() (cancel func(), ended chan error) {
			ctx, cancel := context.WithCancel(t.Context())
			ended = make(chan error, 1)
			go func() { ended <- o.Refresh(ctx, id) }()
			synctest.Wait()
			return cancel, ended
		}
		_, first := refresh()
		_, second := refresh()
		third, thirdEnded := refresh()
		fourth, fourthEnded := refresh()
		fourth() // it waits for the first to end
		if err := <-fourthEnded; !errors.Is(err, context.Canceled) {
			t.Errorf("the fourth: %v", err)
		}
		next <- struct{}{}
		if err := <-first; err != nil {
			t.Errorf("the first: %v", err)
		}
		synctest.Wait()
		third() // it shares an inspect with the second, whoever makes it
		if err := <-thirdEnded; !errors.Is(err, context.Canceled) {
			t.Errorf("the third: %v", err)
		}
		close(next)
		<-second
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
