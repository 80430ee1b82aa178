package reconcile

import (
	"slices"
	"time"

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
// doesn't begin more. One that has not answered within the window uses up none
// until it does, or a stop in a long grace would hold up the whole host.
type budget struct {
	turns []*turn // those that may still be used up
}

// turn is one crash restart: when it was decided, and then when it was made.
type turn struct{ last time.Time }

// take uses up a turn.
func (b *budget) take(now time.Time) *turn {
	t := &turn{now}
	b.turns = append(b.turns, t)
	return t
}

// made says that the engine has answered.
func (b *budget) made(t *turn, now time.Time) {
	t.last = now
	if !slices.Contains(b.turns, t) {
		b.turns = append(b.turns, t)
	}
}

// left is what may begin now.
func (b *budget) left(now time.Time) plan.Budget {
	b.turns = slices.DeleteFunc(b.turns, func(t *turn) bool { return now.Sub(t.last) >= budgetWindow })
	left := plan.Budget{Free: budgetSize - len(b.turns)}
	for _, t := range b.turns {
		if next := t.last.Add(budgetWindow); left.Next.IsZero() || next.Before(left.Next) {
			left.Next = next
		}
	}
	return left
}
