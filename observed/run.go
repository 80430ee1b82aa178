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

// The bounds of the wait before an engine, or an inspect that failed, is tried
// again, and how late an event may be before its stream counts as silent.
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
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	subscribed := make(chan struct{})
	ended := make(chan error, 1)
	all.Go(func() {
		ended <- o.opt.Engine.Events(ctx, func() { close(subscribed) }, o.Note)
	})
	select {
	case <-subscribed:
	case err := <-ended: // also when ctx ends
		return err
	}
	if err := o.begin(ctx); err != nil {
		return err
	}
	o.found(info)
	return o.follow(ctx, &all, ended)
}

// begin looks at everything anew. A container that can't be inspected holds up
// no other: it stays out of the view until it can be, as long as the engine
// itself answers.
func (o *Observer) begin(ctx context.Context) error {
	o.mu.Lock()
	o.trusted = o.seq
	clear(o.expected)
	clear(o.listed)
	clear(o.unread)
	o.mu.Unlock()
	refs, err := o.survey(ctx)
	if err != nil {
		return err
	}
	err = errors.Join(o.Refresh(ctx, refs...), o.others(ctx))
	if err != nil {
		_, err = o.opt.Engine.Info(ctx)
	}
	return err
}

// follow keeps the view up to date until the stream ends. It waits for no
// answer, so that a call that hangs holds up nothing else.
func (o *Observer) follow(ctx context.Context, all *sync.WaitGroup, ended <-chan error) error {
	resync := time.NewTimer(o.interval())
	var again <-chan time.Time // when to retry what failed; nil: nothing has
	pause := firstRetry
	audited := make(chan error, 1)
	look := o.look // nil while an audit is under way
	audit := func() {
		look, pause = nil, firstRetry
		resync.Stop()
		all.Go(func() { audited <- o.audit(ctx) })
	}
	for {
		select {
		case err := <-ended: // also when ctx ends
			return err
		case <-o.wake:
			for _, ref := range o.takeDirty() {
				all.Go(func() { _ = o.inspect(ctx, ref) }) // what fails is retried
			}
		case <-o.fail:
			if again == nil {
				again = time.After(pause/2 + rand.N(pause/2))
				pause = min(2*pause, lastRetry)
			}
		case <-again:
			again = nil
			o.retry()
		case <-look:
			audit()
		case <-resync.C:
			audit()
		case err := <-audited:
			if err != nil {
				return err
			}
			look = o.look
			resync.Reset(o.interval())
		}
	}
}

// audit resyncs, and returns errSilent if that showed changes of which the
// stream said nothing, neither shortly before nor shortly after.
func (o *Observer) audit(ctx context.Context) error {
	from, before := o.heardOf()
	began := o.opt.Now()
	refs, err := o.survey(ctx)
	if err != nil {
		return err
	}
	_ = o.Refresh(ctx, refs...) // what fails is retried
	_ = o.others(ctx)
	if _, now := o.heardOf(); now == before || from.After(began.Add(-silence)) {
		return nil
	}
	select {
	case <-time.After(silence):
	case <-ctx.Done():
		return ctx.Err()
	}
	if last, _ := o.heardOf(); last.Equal(from) {
		return fmt.Errorf("%w: %w", engine.ErrUnavailable, errSilent)
	}
	return nil
}

// heardOf returns when a stream last said something, and how many changes were
// seen.
func (o *Observer) heardOf() (last time.Time, changes int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lastWord, o.changes
}

// found makes the view whole: of what was known before, only what was
// inspected anew counts; of the others it is known that they are listed.
func (o *Observer) found(info engine.Info) {
	o.mu.Lock()
	for id, seq := range o.asked {
		if seq <= o.trusted {
			s, listed := o.listed[id]
			why := o.unread[id]
			o.forget(id)
			if listed && why != nil {
				o.listed[id], o.unread[id] = s, why
			}
		}
	}
	now := o.opt.Now()
	o.up = true
	o.publish(func(v *View) {
		v.Up, v.Err, v.Info, v.Since = true, nil, info, now
		if v.First.IsZero() {
			v.First = now
		}
	})
	o.mu.Unlock()
	o.opt.Heard(Heard{Connected: &info})
	o.tell()
}

// lost makes the view a thing of the past, and reports whether it had been
// whole.
func (o *Observer) lost(err error) bool {
	o.mu.Lock()
	was := o.up
	o.up = false
	v := o.View()
	first := v.Err == nil // it is nil while the view is whole
	v.Version++
	v.Up, v.Err = false, err
	o.view.Store(&v)
	o.mu.Unlock()
	if first {
		o.opt.Heard(Heard{Lost: err})
	}
	o.tell()
	return was
}
