package reconcile

import (
	"slices"
	"strings"
	"testing"

	"reconciler/engine"
	"reconciler/engine/sim"
)

// What is known of a service goes with it, also when a call to one of its
// containers ends only afterwards.
func TestACallThatOutlivesItsServiceLeavesNothingBehind(t *testing.T) {
	for _, name := range []string{"an action", "a look"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{State: engine.StateExited}))
			call := Call{Key: w.key("db"), look: w.id("p-db-1")}
			if name == "an action" {
				w.desired.write(t, strings.Replace(two, "stopped", "running", 1))
				calls, _ := w.r.Decide(w.key("db"))
				if len(calls) != 1 || len(w.r.UnderWay()) != 1 {
					t.Fatalf("decided %+v, under way: %q", calls, w.r.UnderWay())
				}
				call = calls[0]
			}
			w.desired.write(t, one)
			w.settle()
			w.r.Carry(t.Context(), call)
			if e, kept := w.r.entries[w.key("db")]; kept || len(w.r.UnderWay()) > 0 {
				t.Errorf("kept: %+v, under way: %q", e, w.r.UnderWay())
			}
			if _, kept := w.desired.memory["db"]; kept {
				t.Errorf("remembered: %+v", w.desired.memory)
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
	if _, err := w.r.Restart(w.key("db"), "cli:ann", ""); err != nil {
		t.Fatal(err)
	}
	if err := w.r.Retry(w.key("web"), "cli:ann", ""); err != nil {
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
