package observed

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"reconciler/engine"
)

// readers is how many inspects a resync makes at once: as many as engine/docker
// lets through.
const readers = 4

// flight is an inspect under way.
type flight struct {
	seq  int64
	done chan struct{} // closed when err is set
	err  error
}

// Refresh inspects these containers now. The view it leaves behind is at least
// as new as the call. A container that is gone is no error; of those that
// can't be inspected, the first is returned, and all of them are tried again.
func (o *Observer) Refresh(ctx context.Context, ids ...string) error {
	var g errgroup.Group // one that fails stops no other
	g.SetLimit(readers)
	for _, id := range ids {
		g.Go(func() error { return o.inspect(ctx, id) })
	}
	return g.Wait()
}

// Settle inspects everything that events have named so far and what could not
// be inspected before, for whoever drives the observer without Run.
func (o *Observer) Settle(ctx context.Context) error {
	o.retry()
	return o.Refresh(ctx, o.takeDirty()...)
}

// inspect brings one container up to date. Those who ask while an inspect of
// the same is under way share the next one.
func (o *Observer) inspect(ctx context.Context, ref string) error {
	f, mine, err := o.board(ctx, ref)
	if f == nil || err != nil {
		return err
	}
	if !mine {
		select {
		case <-f.done:
			return f.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	c, err := o.opt.Engine.Inspect(ctx, ref)
	changed := false
	switch {
	case err == nil:
		changed = o.apply(c, f.seq)
	case errors.Is(err, engine.ErrNotFound):
		changed = o.gone(ref, f.seq)
		err = nil
	default:
		err = fmt.Errorf("observe %s: %w", ref, err)
	}
	o.mu.Lock()
	delete(o.flights, ref)
	delete(o.failed, ref)
	if err != nil {
		o.failed[ref] = true
		signal(o.fail)
	}
	if ctx.Err() == nil { // else nobody waited for the answer
		changed = o.doubt(ref, err) || changed
	}
	o.mu.Unlock()
	f.err = err
	close(f.done)
	if changed {
		o.tell()
	}
	return err
}

// board returns the inspect that answers a question asked now, and whether the
// caller must make it; nil if it was answered while the caller waited.
func (o *Observer) board(ctx context.Context, ref string) (f *flight, mine bool, err error) {
	o.mu.Lock()
	asked := o.seq
	for {
		f := o.flights[ref]
		switch {
		case o.asked[ref] > asked:
			o.mu.Unlock()
			return nil, false, nil
		case f == nil:
			o.seq++
			f = &flight{seq: o.seq, done: make(chan struct{})}
			o.flights[ref] = f
			o.mu.Unlock()
			return f, true, nil
		case f.seq > asked:
			o.mu.Unlock()
			return f, false, nil
		}
		o.mu.Unlock() // it was sent before we asked: wait for the next
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
		o.mu.Lock()
	}
}
