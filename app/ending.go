package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"reconciler/desired"
)

// endsWithin is how long the end may take: more than the calls under way have
// (8 s) and the last words.
const endsWithin = 12 * time.Second

// lastWords is how long the end waits for somebody to read what was said.
const lastWords = time.Second

// EndsAtMost is how long after being told to a Process ends, whatever is
// blocked.
const EndsAtMost = endsWithin + 3*lastWords

// ending ends the process although something of it doesn't: a file that never
// answers, say. It may be used by any number of goroutines.
type ending struct {
	out    *backlog
	within time.Duration
	exit   func() // doesn't return; nil: the end is never forced

	mu   sync.Mutex
	busy []*part // in the order in which they began
	late *time.Timer
	over bool
}

// part is something that must end first.
type part struct {
	name   string
	told   func() bool     // to end
	detail func() []string // what of it goes on; nil: nobody knows
}

// due makes the end due when ctx ends.
func (e *ending) due(ctx context.Context) { context.AfterFunc(ctx, e.begin) }

func (e *ending) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.exit != nil && !e.over && e.late == nil {
		e.late = time.AfterFunc(e.within, e.force)
	}
}

// during is work, as a part by that name that is to end with ctx.
func (e *ending) during(ctx context.Context, name string, detail func() []string, work func(context.Context) error) error {
	p := &part{name, func() bool { return ctx.Err() != nil }, detail}
	e.mu.Lock()
	e.busy = append(e.busy, p)
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.busy = slices.DeleteFunc(e.busy, func(other *part) bool { return other == p })
	}()
	return work(ctx)
}

// ended says that everything has ended by itself.
func (e *ending) ended() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.over = true
	if e.late != nil {
		e.late.Stop()
	}
}

// force says what is still under way, and ends the process.
func (e *ending) force() {
	said := make(chan struct{})
	go func() { // what is blocked may block whoever asks about it, too
		defer close(said)
		fmt.Fprintf(e.out, "reconciler could not end within %s of being told to; still under way: %s. It ends all the same; the containers stay as they are\n",
			e.within, desired.Harmless(strings.Join(e.underWay(), ", ")))
	}()
	select {
	case <-said:
	case <-time.After(lastWords):
	}
	e.out.close(lastWords)
	e.exit()
}

// underWay names the parts that were told to end and haven't.
func (e *ending) underWay() []string {
	e.mu.Lock()
	busy := slices.Clone(e.busy)
	e.mu.Unlock()
	var names []string
	for _, p := range busy {
		if !p.told() {
			continue
		}
		name := p.name
		if p.detail != nil {
			if more := p.detail(); len(more) > 0 {
				name += " (" + strings.Join(more, ", ") + ")"
			}
		}
		names = append(names, name)
	}
	return names
}
