package engine

import (
	"slices"
	"testing"

	"reconciler/desired"
)

func TestWhichStatesAreAliveAndWhichAreKnown(t *testing.T) {
	alive := []State{StateRunning, StatePaused, StateRestarting}
	for _, s := range append(States(), "", "Running", "checkpointed") {
		if s.Alive() != slices.Contains(alive, s) || s.Known() != slices.Contains(States(), s) {
			t.Errorf("%q: alive %t, known %t", s, s.Alive(), s.Known())
		}
		c := Container{Summary: Summary{State: s}}
		if c.Running() != (s == StateRunning) {
			t.Errorf("%q: running %t", s, c.Running())
		}
	}
}

// Whoever keeps one value a member, as metrics do, has them all, once.
func TestTheClosedSetsAreWhole(t *testing.T) {
	whole := func(name string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d different members, want %d", name, got, want)
		}
	}
	whole("states", len(slices.Compact(slices.Sorted(slices.Values(States())))), 7)
	whole("healths", len(slices.Compact(slices.Sorted(slices.Values(Healths())))), 4)
	whole("actions", len(slices.Compact(slices.Sorted(slices.Values(Actions())))), 10)
	whole("refusals", len(slices.Compact(slices.Sorted(slices.Values(Refusals())))), 9)
	whole("verbs", len(slices.Compact(slices.Sorted(slices.Values(Verbs())))), len(verbs))
}

func TestATargetIsNamedByProjectServiceAndNumber(t *testing.T) {
	web := Target{Key: desired.Key{Project: "shop", Service: "web"}, Number: 2}
	if got := web.String(); got != "shop/web-2" {
		t.Errorf("got %q", got)
	}
}
