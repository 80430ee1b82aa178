package enginetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"reconciler/engine"
)

// doing is what the table of verbs says of each of them.
var doing = eachVerb()

// before makes the container to which the verb has something to do.
var before = map[engine.Verb]func(t *testing.T, w World) (id string){
	engine.VerbStart:   func(t *testing.T, w World) string { return create(t, w, "web", Spec{}) },
	engine.VerbStop:    func(t *testing.T, w World) string { return running(t, w, "web", Spec{}) },
	engine.VerbRestart: func(t *testing.T, w World) string { return running(t, w, "web", Spec{}) },
	engine.VerbUnpause: func(t *testing.T, w World) string { return paused(t, w, "web") },
}

func eachVerb() []obligation {
	var all []obligation
	for _, verb := range engine.Verbs() {
		all = append(all, obligation{"carried out: " + string(verb), func(t *testing.T, w World) {
			if before[verb] == nil {
				t.Fatalf("say in before to which container %s has something to do", verb)
			}
			l := listen(t, w)
			asTheTableSays(t, l, before[verb](t, w), verb)
		}})
	}
	return all
}

// asTheTableSays carries out the verb, and compares what it did and what was
// heard of it with its traits. A pause may be told again, and its end with it:
// see pauseHeard.
func asTheTableSays(t *testing.T, l *listener, id string, verb engine.Verb) {
	w, was := l.w, inspect(t, l.w, id)
	l.flush()
	earlier := len(l.heard[id])
	must(t, verb.CarryOut(t.Context(), w.Engine(), id, long))
	does := verb.Traits()
	for action, times := range does.Events {
		l.passed[id] = earlier // in any order
		for range times {
			l.await(id, action)
		}
	}
	l.settle(id)
	l.flush()
	heard := make(map[engine.Action]int)
	for _, e := range l.heard[id][earlier:] {
		if e.Action == engine.ActionPause || e.Action == engine.ActionUnpause && heard[e.Action] > 0 {
			continue
		}
		heard[e.Action]++
	}
	if diff := cmp.Diff(does.Events, heard); diff != "" {
		t.Errorf("events (- table, + heard):\n%s", diff)
	}
	is := inspect(t, w, id) // no verb removes yet: one that does fails here
	if began := is.State.Alive() && !is.StartedAt.Equal(was.StartedAt); began != does.Begins {
		t.Errorf("it began a process: %t; the table says %t", began, does.Begins)
	}
	if ended := was.State.Alive() && is.FinishedAt.After(was.FinishedAt); ended != does.Ends {
		t.Errorf("it ended a process: %t; the table says %t", ended, does.Ends)
	}
	if does.Removes {
		t.Error("the table says that it removes; the container is there")
	}
}
