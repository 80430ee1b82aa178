package reconcile

import (
	"testing"

	"reconciler/engine"
	"reconciler/reconcile/plan"
)

func TestWhatEndsOrIsUnknownWaitsInTheLaneOfTheStops(t *testing.T) {
	const unknown engine.Verb = "remove"
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
