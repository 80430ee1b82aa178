package observed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"reconciler/engine"
)

// The bounds of the wait before an engine is tried again, and how late an
// event may be before its stream counts as silent (docs/adr).
const (
	firstRetry = 200 * time.Millisecond
	lastRetry  = 30 * time.Second
	silence    = 2 * time.Second
)

// errSilent: the stream delivers nothing although something happened.
var errSilent = errors.New("the event stream is silent although containers changed")

// Run observes until ctx ends, through any loss of the engine, and returns
// nil. It may be called once.
func (o *Observer) Run(ctx context.Context) error {
	wait := firstRetry
	for {
		err := o.session(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if o.lost(err) {
			wait = firstRetry
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
		wait = min(2*wait, lastRetry)
	}
}

// session is one connection to the engine, from its first call to its loss.
func (o *Observer) session(ctx context.Context) error {
	info, err := o.opt.Engine.Info(ctx)
	if err != nil {
		return err
	}
	var readers sync.WaitGroup
	defer readers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	subscribed := make(chan struct{})
	ended := make(chan error, 1)
	readers.Go(func() {
		ended <- o.opt.Engine.Events(ctx, func() { close(subscribed) }, o.Note)
	})
	select {
	case <-subscribed:
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
	o.distrust()
	if err := o.Resync(ctx); err != nil {
		return err
	}
	o.found(info)
	return o.follow(ctx, &readers, ended)
}

// follow keeps the view up to date until the stream ends.
func (o *Observer) follow(ctx context.Context, readers *sync.WaitGroup, ended <-chan error) error {
	resync := time.NewTimer(o.interval())
	defer resync.Stop()
	again := time.NewTimer(time.Hour)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			return err
		case <-again.C:
			if o.retry() {
				signal(o.wake)
			}
		case <-o.wake:
			for _, ref := range o.takeDirty() { // one that hangs holds up no other
				readers.Go(func() {
					if o.inspect(ctx, ref) != nil {
						again.Reset(time.Second)
					}
				})
			}
		case <-o.look:
			resync.Reset(0)
		case <-resync.C:
			if err := o.audit(ctx, ended); err != nil {
				return err
			}
			resync.Reset(o.interval())
		}
	}
}

// audit resyncs, and returns errSilent if the list showed changes of which the
// stream said nothing.
func (o *Observer) audit(ctx context.Context, ended <-chan error) error {
	before := o.delivered()
	differ, err := o.resync(ctx)
	if err != nil || differ == 0 || o.delivered() != before {
		return err
	}
	select {
	case <-time.After(silence):
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
	if o.delivered() == before {
		return fmt.Errorf("%w: %w", engine.ErrUnavailable, errSilent)
	}
	return nil
}

func (o *Observer) delivered() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.events
}

// distrust makes the next resync inspect everything: what was known before a
// loss may have changed in every detail.
func (o *Observer) distrust() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id := range o.known {
		o.dirty[id] = true
	}
	clear(o.known)
	clear(o.expected)
}

// found makes the view whole.
func (o *Observer) found(info engine.Info) {
	o.mu.Lock()
	now := o.opt.Now()
	o.up = true
	for id := range o.seen {
		if _, ok := o.known[id]; !ok {
			delete(o.seen, id)
			delete(o.asked, id)
			delete(o.touched, id)
		}
	}
	clear(o.dirty) // all of it was just inspected
	o.publish(func(v *View) {
		v.Up, v.Err, v.Info, v.Since = true, nil, info, now
		if v.First.IsZero() {
			v.First = now
		}
	})
	o.mu.Unlock()
	o.opt.Heard(Heard{Connected: &info})
	o.opt.Changed()
}

// lost makes the view a thing of the past, and reports whether it had been
// whole.
func (o *Observer) lost(err error) bool {
	o.mu.Lock()
	was := o.up
	o.up = false
	v := o.View()
	first := was || v.Err == nil
	v.Version++
	v.Up, v.Err = false, err
	o.view.Store(&v)
	o.mu.Unlock()
	if first {
		o.opt.Heard(Heard{Lost: err})
	}
	o.opt.Changed()
	return was
}
