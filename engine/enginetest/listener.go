package enginetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"reconciler/engine"
)

// patience is how long a test waits for what must happen. Only a test that
// fails waits this long.
const patience = 30 * time.Second

// listener hears what the engine tells, for the length of one test.
type listener struct {
	t      *testing.T
	w      World
	stream chan engine.Event
	heard  map[string][]engine.Event // by ID
	passed map[string]int            // by ID: how many of them await has gone past
}

// listen subscribes: what happens after it has returned is heard.
func listen(t *testing.T, w World) *listener {
	t.Helper()
	l := &listener{
		t: t, w: w, stream: make(chan engine.Event, 10_000),
		heard: map[string][]engine.Event{}, passed: map[string]int{},
	}
	ctx, cancel := context.WithCancel(context.Background()) // t's own ends before the clean-up
	subscribed, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- w.Engine().Events(ctx, func() { close(subscribed) }, func(e engine.Event) { l.stream <- e })
	}()
	select {
	case <-subscribed:
	case err := <-ended:
		cancel()
		t.Fatalf("events: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("events: ended with %v", err)
		}
	})
	return l
}

// await waits for the next event of the container with that action, and goes
// past it.
func (l *listener) await(id string, action engine.Action) engine.Event {
	l.t.Helper()
	for {
		for _, e := range l.heard[id][l.passed[id]:] {
			l.passed[id]++
			if e.Action == action {
				return e
			}
		}
		l.read(id, string(action))
	}
}

// awaitMany waits until that many events of the container were heard.
func (l *listener) awaitMany(id string, many int) {
	l.t.Helper()
	for len(l.heard[id]) < many {
		l.read(id, fmt.Sprintf("%d events", many))
	}
}

// settle waits until a container that was unpaused is not paused, as the
// engine sees it: see pauseHeard.
func (l *listener) settle(id string) {
	l.t.Helper()
	for inspect(l.t, l.w, id).State == engine.StatePaused {
		l.await(id, engine.ActionUnpause)
	}
}

// flush hears all that was told so far.
func (l *listener) flush() {
	l.t.Helper()
	l.await(create(l.t, l.w, "marker", Spec{}), engine.ActionCreate)
}

// read hears one event, of any container.
func (l *listener) read(id, wanted string) {
	l.t.Helper()
	select {
	case e := <-l.stream:
		l.heard[e.ID] = append(l.heard[e.ID], e)
	case <-time.After(patience):
		l.t.Fatalf("waited in vain for %s of %.12s; heard %s", wanted, id, strings.Join(l.transcript(id), ", "))
	}
}

// transcript is what was heard of the container.
func (l *listener) transcript(id string) []string {
	var lines []string
	for _, e := range l.heard[id] {
		line := string(e.Action)
		if e.Signal != 0 {
			line += fmt.Sprintf(" %d", e.Signal)
		}
		lines = append(lines, line)
	}
	return lines
}
