package reconcile

import (
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/plan"
)

// The host's budget of crash restarts (docs/state.md).
const (
	budgetSize   = 10
	budgetWindow = 10 * time.Second
)

// budget bounds how many crash restarts begin on the host within the window.
// The engine begins one somewhere between the decision and its answer, so a
// turn is used up until the window has passed since the answer: a slow engine
// doesn't begin more. Who waits longest comes first, so nobody waits for ever.
type budget struct {
	turns []*turn       // those that may still be used up
	line  []desired.Key // the services that wait for one, in the order in which they came
}

// turn is one crash restart: when it was decided, and then when it was made.
type turn struct {
	last time.Time
	// open: it is used up until it was made. What also ends something isn't, as a restart, for its stop may
	// take a long grace, which would hold up the whole host; it is used up for
	// a window when it begins, and again when it was made.
	open bool
}

// take uses up a turn.
func (b *budget) take(verb engine.Verb, now time.Time) *turn {
	does := verb.Traits()
	t := &turn{now, does.Begins && !does.Ends}
	b.turns = append(b.turns, t)
	return t
}

// made says that the engine has answered.
func (b *budget) made(t *turn, now time.Time) {
	t.last, t.open = now, false
	if !slices.Contains(b.turns, t) {
		b.turns = append(b.turns, t)
	}
}

// queue puts the service at the end of the line, or takes it out of that; where
// it stands in it already, it stays.
func (b *budget) queue(service desired.Key, waits bool) {
	at := slices.Index(b.line, service)
	switch {
	case waits && at < 0:
		b.line = append(b.line, service)
	case !waits && at >= 0:
		b.line = slices.Delete(b.line, at, at+1)
	}
}

// left is what the service may begin now.
func (b *budget) left(service desired.Key, now time.Time) plan.Budget {
	b.turns = slices.DeleteFunc(b.turns, func(t *turn) bool { return !t.open && now.Sub(t.last) >= budgetWindow })
	ahead := slices.Index(b.line, service)
	if ahead < 0 {
		ahead = len(b.line)
	}
	left := plan.Budget{Free: budgetSize - len(b.turns) - ahead, Next: now.Add(budgetWindow)}
	for _, t := range b.turns {
		if next := t.last.Add(budgetWindow); !t.open && next.Before(left.Next) {
			left.Next = next
		}
	}
	return left
}
