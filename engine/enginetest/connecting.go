package enginetest

import (
	"slices"
	"testing"

	"reconciler/engine"
)

// connecting is what Reconnect does with what Networks tells.
var connecting = []obligation{
	{"a container tells its networks, in order", tellNetworks},
	{"what was taken out of its networks is put back as it was", reconnect},
	{"what it has is left as it is", reconnectSome},
	{"a start that was refused and what it took put back, the next is as if nothing had been", reconnectRefused},
}

// in creates a container in two networks, and returns how it is connected.
func in(t *testing.T, w World, s Spec) (id string, networks []engine.Network) {
	t.Helper()
	s.Networks = 2
	id = create(t, w, "web", s)
	return id, wantNetworks(t, w, id, nil)
}

// wantNetworks fails the test unless it is connected so; nil: to two networks.
func wantNetworks(t *testing.T, w World, id string, want []engine.Network) []engine.Network {
	t.Helper()
	c := inspect(t, w, id)
	if len(c.Networks) != 2 || want != nil && !slices.Equal(c.Networks, want) {
		t.Fatalf("%s is in %v, want %v", c.Name, c.Networks, want)
	}
	return c.Networks
}

func tellNetworks(t *testing.T, w World) {
	_, networks := in(t, w, Spec{})
	if a, b := networks[0].Name, networks[1].Name; a >= b || a == "" {
		t.Errorf("they are %q and %q", a, b)
	}
	alone := inspect(t, w, create(t, w, "db", Spec{Joins: create(t, w, "vpn", Spec{})}))
	if len(alone.Networks) > 0 {
		t.Errorf("in another's network, it is in %v", alone.Networks)
	}
}

func reconnect(t *testing.T, w World) {
	for name, started := range map[string]bool{"never started": false, "exited": true} {
		id, before := in(t, w, Spec{})
		if started {
			w.HandStart(t, id)
			w.HandStop(t, id)
			before = wantNetworks(t, w, id, nil)
		}
		w.Disconnect(t, id)
		if left := inspect(t, w, id).Networks; len(left) > 0 {
			t.Fatalf("%s: it is still in %v", name, left)
		}
		must(t, w.Engine().Reconnect(t.Context(), id, before))
		wantNetworks(t, w, id, before)
		must(t, w.Engine().Start(t.Context(), id))
		wantNetworks(t, w, id, before)
	}
}

func reconnectSome(t *testing.T, w World) {
	id, before := in(t, w, Spec{})
	must(t, w.Engine().Reconnect(t.Context(), id, before))
	wantNetworks(t, w, id, before)
	w.Disconnect(t, id)
	must(t, w.Engine().Reconnect(t.Context(), id, before[1:]))
	must(t, w.Engine().Reconnect(t.Context(), id, before))
	wantNetworks(t, w, id, before)
	must(t, w.Engine().Reconnect(t.Context(), id, nil))
}

// Each failed start may take another one of them away.
func reconnectRefused(t *testing.T, w World) {
	port := w.Port(t)
	holder := running(t, w, "other", Spec{Publish: port})
	id, before := in(t, w, Spec{Publish: port})
	for range 3 {
		wantRefusal(t, w, id, engine.PortTaken)
		lost := engine.Missing(before, inspect(t, w, id).Networks)
		for _, n := range lost {
			t.Log("lost: ", n.Name)
		}
		must(t, w.Engine().Reconnect(t.Context(), id, lost))
		wantNetworks(t, w, id, before)
	}
	w.HandStop(t, holder)
	must(t, w.Engine().Start(t.Context(), id))
	wantNetworks(t, w, id, before)
	if c := wantState(t, w, id, engine.StateRunning); len(c.Addresses) == 0 {
		t.Error("it has no address")
	}
}
