package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"reconciler/engine"
)

// reader is one subscription that has a goroutine of its own.
type reader struct {
	more   *sync.Cond // on the engine's lock
	queue  []engine.Event
	closed bool
}

// Events implements engine.Engine.
func (e *Engine) Events(ctx context.Context, subscribed func(), deliver func(engine.Event)) error {
	if err := e.enter(ctx, "events", ""); err != nil {
		return err
	}
	r := &reader{more: sync.NewCond(&e.mu)}
	seat := e.seat()
	e.readers[seat] = r
	e.mu.Unlock()
	defer context.AfterFunc(ctx, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		r.more.Broadcast()
	})()
	subscribed()

	e.mu.Lock()
	defer e.mu.Unlock()
	defer delete(e.readers, seat)
	for {
		for len(r.queue) == 0 && !r.closed && ctx.Err() == nil {
			r.more.Wait()
		}
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("events: %w", ctx.Err())
		case len(r.queue) == 0:
			return fmt.Errorf("events: the engine closed the stream: %w", engine.ErrUnavailable)
		}
		event := r.queue[0]
		r.queue = r.queue[1:]
		e.mu.Unlock()
		deliver(event)
		e.mu.Lock()
	}
}

// Tap calls deliver with each event as it happens, from within whatever causes
// it, until cancel is called: for a world without goroutines. deliver must not
// call the engine.
func (e *Engine) Tap(deliver func(engine.Event)) (cancel func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	seat := e.seat()
	e.taps[seat] = deliver
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.taps, seat)
	}
}

func (e *Engine) seat() int {
	e.seats++
	return e.seats
}

// emit tells everybody who listens; an engine that is down tells nothing. The
// caller holds e.mu.
func (e *Engine) emit(c *box, action engine.Action, signal int) { e.emitRename(c, action, signal, "") }

func (e *Engine) emitRename(c *box, action engine.Action, signal int, old string) {
	if e.faults.down || e.faults.silent || e.faults.loss > 0 && e.chance.Float64() < e.faults.loss {
		return
	}
	event := engine.Event{ID: c.ID, Name: c.Name, Claim: c.Claim, Action: action, Signal: signal, Time: e.now(), OldName: old}
	for _, seat := range slices.Sorted(maps.Keys(e.taps)) {
		e.taps[seat](event)
	}
	for _, r := range e.readers {
		r.queue = append(r.queue, event)
		r.more.Broadcast()
	}
}
