package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Between two tries to hear the events again there is this pause, doubled each
// time that nothing was heard. A server that is silent for longer than three
// of its pings has gone.
const (
	firstPause  = 100 * time.Millisecond
	longPause   = 10 * time.Second
	longSilence = 45 * time.Second
)

// message is one server-sent event (HTML, 9.2.6).
type message struct {
	id    string // the last that was said, until now
	event string
	data  string
}

// errEnded: the stream of events ended.
var errEnded = errors.New("the server ended the stream of events")

// readMessages gives each message of a stream to got, and calls heard for each
// line. It ends with the error of got or of the stream, which always ends: with
// errEnded at best.
func readMessages(stream io.Reader, heard func(), got func(message) error) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, 1<<20)
	var m message
	var data []string
	for lines.Scan() {
		heard()
		line := lines.Text()
		if line == "" {
			if m.data = strings.Join(data, "\n"); data != nil || m.event != "" {
				if err := got(m); err != nil {
					return err
				}
			}
			m, data = message{id: m.id}, nil
			continue
		}
		field, value, _ := strings.Cut(line, ":") // a comment has an empty field
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			m.id = value
		case "event":
			m.event = value
		case "data":
			data = append(data, value)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errEnded
}

// events is what to listen to.
type events struct {
	service string // empty: all
	after   string // the ID of the last event that is known; empty: from now on
}

// follow gives each event to got, for ever: a stream that breaks is told to
// broke and taken up where it ended. It ends with ctx, with the error of got, or
// when the server refuses; at first also when it doesn't answer.
func (c *client) follow(ctx context.Context, e events, got func(message) error, broke func(error)) error {
	pause := firstPause
	for first := true; ; first = false {
		began := e.after
		var own error
		err := c.listen(ctx, e, func(m message) error {
			e.after = m.id
			own = got(m)
			return own
		})
		var a *answer
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case own != nil:
			return own
		case errors.As(err, &a) && (first || a.Status/100 == 4 && a.Status != http.StatusTooManyRequests), first && !errors.Is(err, errBroken):
			return err
		}
		broke(err)
		if e.after != began {
			pause = firstPause
		}
		if err := rest(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, longPause)
	}
}

// errBroken: a stream that had begun broke.
var errBroken = errors.New("the stream of events broke")

// listen hears one stream to its end, which is errBroken if it had begun.
func (c *client) listen(ctx context.Context, e events, got func(message) error) error {
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	silence := time.AfterFunc(longSilence, hangUp)
	defer silence.Stop()
	r := request{method: http.MethodGet, path: "/v1/events", accept: "text/event-stream", after: e.after}
	if e.service != "" {
		r.query = url.Values{"service": {e.service}}
	}
	res, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return fmt.Errorf("%w: %w", errBroken, readMessages(res.Body, func() { silence.Reset(longSilence) }, got))
}
