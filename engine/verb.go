package engine

import (
	"context"
	"fmt"
	"time"
)

// Verb is one call that changes a container. It is the only such type of the
// program: what is decided, guarded, queued, made, counted and told is named
// by it. The zero value is no verb, and has the traits of an unknown one.
type Verb string

// The verbs; each is exactly one method of Engine. A new one needs its row in
// the table below, its place in Verbs, and in enginetest a container that it
// has something to do to; the tests say which of them is missing.
const (
	VerbStart   Verb = "start"
	VerbStop    Verb = "stop"
	VerbRestart Verb = "restart"
	VerbUnpause Verb = "unpause"
)

// Lane says with which other calls a call waits for its turn.
type Lane int

// The lanes. The zero value is that of the calls that may take a long grace.
const (
	LaneStops Lane = iota
	LaneStarts
)

// Traits are what there is to know of a verb, whoever asks: the guard, the
// lanes, the budget of crash restarts, the expectation of our own events, the
// status, the metrics. Nobody else keeps a list of verbs.
type Traits struct {
	Begins  bool // a process runs afterwards that did not before
	Ends    bool // a process that runs before doesn't afterwards
	Removes bool // the container is gone afterwards
	Lane    Lane
	// Events are those that the call causes, each at most so often. Nobody may
	// change them.
	Events map[Action]int

	carry func(ctx context.Context, e Engine, id string, grace time.Duration) error
}

// Harmless reports whether the call takes nothing away from anybody, so that
// it may be made to a container that must not be ended.
func (t Traits) Harmless() bool { return !t.Ends && !t.Removes }

// Renews reports whether the call ends a process and begins another.
func (t Traits) Renews() bool { return t.Ends && t.Begins }

// verbs is the closed table.
var verbs = map[Verb]Traits{
	VerbStart: {
		Begins: true, Lane: LaneStarts,
		Events: map[Action]int{ActionStart: 1},
		carry:  func(ctx context.Context, e Engine, id string, _ time.Duration) error { return e.Start(ctx, id) },
	},
	VerbStop: {
		Ends: true, Lane: LaneStops,
		Events: map[Action]int{ActionKill: 1, ActionDie: 1}, // SIGKILL after the grace counts for nothing anyway
		carry: func(ctx context.Context, e Engine, id string, grace time.Duration) error {
			return e.Stop(ctx, id, grace)
		},
	},
	VerbRestart: {
		Begins: true, Ends: true, Lane: LaneStops,
		Events: map[Action]int{ActionKill: 1, ActionDie: 1, ActionStart: 1},
		carry: func(ctx context.Context, e Engine, id string, grace time.Duration) error {
			return e.Restart(ctx, id, grace)
		},
	},
	VerbUnpause: {
		Lane:   LaneStarts,
		Events: map[Action]int{ActionUnpause: 1},
		carry:  func(ctx context.Context, e Engine, id string, _ time.Duration) error { return e.Unpause(ctx, id) },
	},
}

// Verbs is the closed set of Verb, in the order in which it is shown.
func Verbs() []Verb { return []Verb{VerbStart, VerbStop, VerbRestart, VerbUnpause} }

// Known reports whether the verb is of the closed set.
func (v Verb) Known() bool {
	_, known := verbs[v]
	return known
}

// Traits returns the verb's row of the table. An unknown verb has the most
// dangerous one: it ends and removes, causes no event that could be expected,
// and can't be carried out.
func (v Verb) Traits() Traits {
	if t, known := verbs[v]; known {
		return t
	}
	return Traits{Ends: true, Removes: true}
}

// CarryOut makes the call. grace is how long a verb that ends a process waits
// before it kills; the others don't heed it. An unknown verb asks the engine
// nothing, and fails with an error that names it.
func (v Verb) CarryOut(ctx context.Context, e Engine, id string, grace time.Duration) error {
	carry := v.Traits().carry
	if carry == nil {
		return fmt.Errorf("nothing was done: %q is not a verb that is known here (known: %v)", v, Verbs())
	}
	return carry(ctx, e, id, grace)
}
