package app

import (
	"context"

	"golang.org/x/sync/errgroup"

	"reconciler/api"
)

// Run keeps the parts in motion, and ends when ctx does or when one of them
// fails. It is called once; Close comes after it.
func (a *App) Run(ctx context.Context) error {
	// The API goes first, while what it shows still works; then the loop, with
	// the calls under way; what observes goes last.
	parts, serving := errgroup.WithContext(ctx)
	a.end.due(serving)
	under, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	below, observing := errgroup.WithContext(under)
	below.Go(func() error { return a.end.during(observing, "looking at the engine", nil, a.observer.Run) })
	below.Go(func() error { return a.end.during(observing, "looking at "+a.file, nil, a.store.Watch) })
	parts.Go(func() error { return a.end.during(serving, "the loop", a.loop.UnderWay, a.loop.Run) })
	parts.Go(func() error { return a.end.during(serving, "requests", nil, a.serve) })
	parts.Go(func() error {
		return a.end.during(serving, "reading everything again, as SIGHUP asked", nil, a.heed)
	})
	parts.Go(func() error { // what observes must not fail before the end
		select {
		case <-observing.Done():
			return context.Cause(observing)
		case <-serving.Done():
			return nil
		}
	})
	err := parts.Wait()
	cut()
	if berr := below.Wait(); err == nil {
		err = berr
	}
	return err
}

func (a *App) serve(ctx context.Context) error { return api.Serve(ctx, a.api, a.entrances...) }

// heed reads everything again on each hangup, until ctx ends.
func (a *App) heed(ctx context.Context) error {
	for {
		select {
		case <-a.reread:
			a.reload()
		case <-ctx.Done():
			a.supervisor.stopping()
			return nil
		}
	}
}

// reload reads everything again, and looks at everything again.
func (a *App) reload() {
	a.supervisor.reloading()
	a.store.Reload()
	if a.tokens != nil {
		_ = a.tokens.Reload() // who warns of a bad one is told
	}
	a.api.Recheck()
	a.loop.LookNow("SIGHUP", "")
	a.supervisor.ready()
}
