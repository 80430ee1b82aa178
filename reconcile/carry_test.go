package reconcile

import (
	"slices"
	"testing"

	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/reconcile/plan"
)

// What is known of a service goes with it, also when a call to one of its
// containers ends only afterwards.
func TestACallThatOutlivesItsServiceLeavesNothingBehind(t *testing.T) {
	for name, call := range map[string]Call{
		"an action": {Service: "db", Action: plan.Action{Verb: engine.VerbStart, Container: "p-db-1"}},
		"a look":    {Service: "db"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{State: engine.StateExited}))
			if name == "a look" {
				call.look = w.id("p-db-1")
			} else {
				call.Action.ID, w.r.inFlight[w.id("p-db-1")] = w.id("p-db-1"), engine.VerbStart
			}
			w.desired.write(t, one)
			w.settle()
			w.r.Carry(t.Context(), call)
			if past, kept := w.r.pasts["db"]; kept || len(w.r.inFlight) > 0 {
				t.Errorf("kept: %+v, under way: %v", past, w.r.inFlight)
			}
		})
	}
}

// The world's Record fails where that is not so.
func TestWhoIsToldOfAnActHoldsUpNobody(t *testing.T) {
	w := newWorld(t, two,
		after("web", "db:service_started:true", sim.Spec{State: engine.StateRunning}),
		ours("db", sim.Spec{State: engine.StateRunning}))
	w.desired.write(t, "version: 1\nproject: p\nservices:\n  web: running\n  db: running\n")
	w.self = engine.Self{ID: w.id("p-web-1")}
	w.untap()
	w.begin()
	w.events = nil
	if _, err := w.r.Restart("db", "cli:ann", ""); err != nil {
		t.Fatal(err)
	}
	if err := w.r.Retry("web", "cli:ann", ""); err != nil {
		t.Fatal(err)
	}
	w.settle("db")
	var told []Kind
	for _, e := range w.events {
		if e.Kind != KindDecided {
			told = append(told, e.Kind)
		}
	}
	for _, k := range []Kind{KindRequested, KindAction, KindWarning} {
		if !slices.Contains(told, k) {
			t.Errorf("%s was not told: %v", k, told)
		}
	}
}
