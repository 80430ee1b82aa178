package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Between two tries to hear the Stream again there is this pause, doubled each
// time that nothing was heard. A server that is silent for longer than three
// of its pings has gone.
const (
	firstPause  = 100 * time.Millisecond
	longPause   = 10 * time.Second
	longSilence = 45 * time.Second
)

// Message is one server-sent event (HTML, 9.2.6).
type Message struct {
	ID    string // the last that was said, until now
	Event string // what it is: the kind of the entry, or gap
	Data  string // a reconcile.Entry, as it was written; empty: none
}

// errEnded: the stream of events ended.
var errEnded = errors.New("the server ended the stream of events")

// readMessages gives each message of a stream to got, and calls heard for each
// line. It ends with the error of got or of the stream, which always ends: with
// errEnded at best.
func readMessages(stream io.Reader, heard func(), got func(Message) error) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, 1<<20)
	var m Message
	var data []string
	for lines.Scan() {
		heard()
		line := lines.Text()
		if line == "" {
			if m.Data = strings.Join(data, "\n"); data != nil || m.Event != "" {
				if err := got(m); err != nil {
					return err
				}
			}
			m, data = Message{ID: m.ID}, nil
			continue
		}
		field, value, _ := strings.Cut(line, ":") // a comment has an empty field
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			m.ID = value
		case "event":
			m.Event = value
		case "data":
			data = append(data, value)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errEnded
}

// Stream is what to listen to.
type Stream struct {
	Service string // empty: all
	After   string // the ID of the last event that is known; empty: from now on
}

// Follow gives each event to got, for ever: a stream that breaks is told to
// broke and taken up where it ended. It ends with ctx, with the error of got, or
// when the server refuses; at first also when it doesn't answer.
func (c *Client) Follow(ctx context.Context, e Stream, got func(Message) error, broke func(error)) error {
	pause := firstPause
	for first := true; ; first = false {
		began := e.After
		var own error
		err := c.listen(ctx, e, func(m Message) error {
			e.After = m.ID
			own = got(m)
			return own
		})
		var a *Refusal
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case own != nil:
			return own
		case errors.As(err, &a) && (first || a.Status/100 == 4 && a.Status != http.StatusTooManyRequests), first && !errors.Is(err, errBroken):
			return err
		}
		broke(err)
		if e.After != began {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, longPause)
	}
}

// errBroken: a stream that had begun broke.
var errBroken = errors.New("the stream of events broke")

// listen hears one stream to its end, which is errBroken if it had begun.
func (c *Client) listen(ctx context.Context, e Stream, got func(Message) error) error {
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	silence := time.AfterFunc(longSilence, hangUp)
	defer silence.Stop()
	r := Request{method: http.MethodGet, path: "/v1/events", query: text("service", e.Service), accept: "text/event-stream", after: e.After}
	res, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return fmt.Errorf("%w: %w", errBroken, readMessages(res.Body, func() { silence.Reset(longSilence) }, got))
}
