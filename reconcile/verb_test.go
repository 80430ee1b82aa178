package reconcile

import (
	"errors"
	"strings"
	"testing"

	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/reconcile/plan"
)

// unknown is a verb that the table doesn't have.
const unknown engine.Verb = "remove"

func TestTheGuardLetsNothingThroughThatTheTableDoesNotCallHarmless(t *testing.T) {
	for _, v := range append(engine.Verbs(), unknown, "") {
		w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{State: engine.StateRunning}))
		w.self = engine.Self{ID: w.id("p-web-1")}
		w.untap()
		w.begin()
		w.engine.Calls()
		of := func(service string) plan.Action {
			name := "p-" + service + "-1"
			return plan.Action{Verb: v, ID: w.id(name), Container: name}
		}
		harmless := v == engine.VerbStart || v == engine.VerbUnpause
		if err := w.r.guard(of("web")); errors.Is(err, ErrGuarded) == harmless || !harmless && !strings.Contains(err.Error(), "p-web-1") {
			t.Errorf("%q of ourselves: %v", v, err)
		}
		if err := w.r.guard(of("db")); err != nil {
			t.Errorf("%q of another: %v", v, err)
		}
	}
}

func TestAnUnknownVerbIsNotCarriedOutAndSaysSo(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{State: engine.StateRunning}))
	w.desired.write(t, two)
	w.settle()
	w.engine.Calls()
	w.events = nil
	was := w.engine.String()
	s, _ := w.desired.Snapshot().Document.Service("web")
	w.r.Carry(t.Context(), Call{Service: "web", config: s, Action: plan.Action{Verb: unknown, ID: w.id("p-web-1"), Container: "p-web-1"}})
	if w.engine.String() != was {
		t.Errorf("the world was\n%sand is\n%s", was, w.engine)
	}
	for call := range w.engine.Calls() {
		if call != "inspect" {
			t.Errorf("it called %s", call)
		}
	}
	if len(w.events) != 1 || w.events[0].Outcome != OutcomeError || !strings.Contains(w.events[0].Err.Error(), `"remove"`) {
		t.Errorf("told: %+v", w.events)
	}
}

func TestWhatEndsOrIsUnknownWaitsInTheLaneOfTheStops(t *testing.T) {
	for v, stops := range map[engine.Verb]int{engine.VerbStart: 0, engine.VerbUnpause: 0, engine.VerbStop: 1, engine.VerbRestart: 1, unknown: 1} {
		l := newLanes()
		leave, err := l.enter(t.Context(), plan.Action{Verb: v})
		if err != nil {
			t.Fatal(err)
		}
		if len(l.stops) != stops || len(l.starts) != 1-stops {
			t.Errorf("%s: %d of the stops, %d of the starts", v, len(l.stops), len(l.starts))
		}
		leave()
	}
}
