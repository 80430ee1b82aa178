package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"reconciler/engine"
)

// lap is how far back a new subscription reaches. The engine answers just
// before it subscribes (moby: daemon/server/router/system); what happens in
// between is replayed by this.
const lap = time.Second

// Events implements engine.Engine. Once the engine has answered there is no
// deadline but ctx: silence is normal, and to notice a dead stream is the
// observer's affair.
func (e *Engine) Events(ctx context.Context, subscribed func(), deliver func(engine.Event)) error {
	stream, cancel := context.WithCancel(ctx)
	defer cancel() // ends the client's own reader
	late := time.AfterFunc(eventDeadline, cancel)
	args := filters.NewArgs(filters.Arg("type", string(events.ContainerEventType)))
	for _, a := range engine.Actions() {
		args.Add("event", string(a))
	}
	since := time.Now().Add(-lap)
	var answered atomic.Bool
	traced := httptrace.WithClientTrace(stream, &httptrace.ClientTrace{GotFirstResponseByte: func() { answered.Store(true) }})
	// The client returns once the engine has answered, or failed to: then a
	// moment before it says why.
	messages, errs := e.client.Load().Events(traced, events.ListOptions{
		Filters: args,
		Since:   fmt.Sprintf("%d.%09d", since.Unix(), since.Nanosecond()),
	})
	if !late.Stop() && ctx.Err() == nil {
		return fmt.Errorf("events: no answer within %s: %w", eventDeadline, engine.ErrUnavailable)
	}
	if !answered.Load() {
		return streamError(ctx, <-errs)
	}
	select {
	case err := <-errs:
		return streamError(ctx, err)
	default:
		subscribed()
	}
	for {
		select {
		case m := <-messages:
			if event, ok := happened(m); ok {
				deliver(event)
			}
		case err := <-errs:
			return streamError(ctx, err)
		}
	}
}

func streamError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("events: %w", ctx.Err())
	case err == nil || errors.Is(err, io.EOF):
		return fmt.Errorf("events: the engine closed the stream: %w", engine.ErrUnavailable)
	}
	return fmt.Errorf("events: %w: %w", engine.ErrUnavailable, err)
}

// happened translates a message, and reports whether it is of the closed set.
// Some engines write the result behind the action: "health_status: healthy".
func happened(m events.Message) (engine.Event, bool) {
	action, _, _ := strings.Cut(string(m.Action), ":")
	known := false
	for _, a := range engine.Actions() {
		known = known || string(a) == action
	}
	if !known || m.Actor.ID == "" {
		return engine.Event{}, false
	}
	e := engine.Event{
		ID: m.Actor.ID, Name: m.Actor.Attributes["name"], Claim: engine.ReadClaim(m.Actor.Attributes),
		Action: engine.Action(action), Time: time.Unix(0, m.TimeNano),
		OldName: strings.TrimPrefix(m.Actor.Attributes["oldName"], "/"),
	}
	if e.Action == engine.ActionKill {
		// A signal that can't be read is taken for one that asks to stop.
		e.Signal, _ = strconv.Atoi(m.Actor.Attributes["signal"])
	}
	return e, true
}
