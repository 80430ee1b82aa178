package plan

import (
	"errors"
	"testing"

	"reconciler/engine"
)

// results are the ways in which a call may end; the container was ended before.
func results(verb engine.Verb) map[string]Result {
	r := Result{Action: Action{Verb: verb, ID: "id-1", Container: "p-web-1"}, Now: at(100)}
	r.Before = seen(90, engine.StateExited, 1, 2).is
	ended := func(void bool, err error) Result {
		r := r
		r.Void, r.Err = void, err
		return r
	}
	return map[string]Result{
		"succeeded":  ended(false, nil),
		"failed":     ended(false, errors.New("port is taken")),
		"unanswered": ended(true, errors.New("EOF")),
		"gone":       ended(true, nil),
	}
}

const muddle = "muddle" // a word that is of no set

func TestAsked(t *testing.T) {
	all := []asked{askedNothing, askedRestart, askedUnanswered, muddle}
	table := func(name string, f func(asked) asked, want ...asked) {
		t.Run(name, func(t *testing.T) {
			for i, a := range all {
				if got := f(a); got != want[i] {
					t.Errorf("from %q to %q, want %q", a, got, want[i])
				}
			}
		})
	}
	table("somebody asks", asked.again, askedRestart, askedRestart, askedUnanswered, muddle)
	table("it is withdrawn", asked.withdrawn, askedNothing, askedNothing, askedNothing, muddle)

	was := seen(50, engine.StateRunning, 1, 0)
	looks := func(l look) func(asked) asked { return func(a asked) asked { return a.look(&l) } }
	renewed := seen(60, engine.StateRunning, 55, 54).after(was)
	table("nothing happened", looks(was), askedNothing, askedRestart, askedRestart, muddle)
	table("it was started again", looks(renewed), askedNothing, askedRestart, askedNothing, muddle)
	table("but a call is under way", looks(renewed.with(func(l *look) { l.busy = true })), all...)
	table("the engine was away, and it was started again", looks(renewed.with(func(l *look) { l.reborn = true })), askedNothing, askedRestart, askedNothing, muddle)

	for how, r := range results(engine.VerbStart) {
		table("a start "+how, func(a asked) asked { return a.after(&r) }, all...)
	}
	for how, want := range map[string][]asked{
		"succeeded":  {askedNothing, askedNothing, askedNothing, muddle},
		"failed":     {askedNothing, askedNothing, askedNothing, muddle},
		"unanswered": {askedNothing, askedUnanswered, askedUnanswered, muddle},
		"gone":       all,
	} {
		r := results(engine.VerbRestart)[how]
		table("a restart "+how, func(a asked) asked { return a.after(&r) }, want...)
	}

	for i, want := range []bool{false, true, true, false} {
		if got := all[i].pending(); got != want {
			t.Errorf("%q: pending %t", all[i], got)
		}
	}
}
