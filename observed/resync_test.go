package observed

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

func TestALookThatFailsIsNone(t *testing.T) {
	for _, call := range []string{"info", "list", "inspect"} {
		w := newWorld(t, "web")
		o := New(Options{Engine: w.Engine, Project: "shop"})
		w.FailNext(call, engine.ErrUnavailable)
		if v, err := o.Once(t.Context()); !errors.Is(err, engine.ErrUnavailable) || v.Up || len(v.Containers) > 0 {
			t.Errorf("%s: up %t, %v, %v", call, v.Up, v.Containers, err)
		}
		if call == "info" {
			continue
		}
		w.FailNext(call, engine.ErrUnavailable)
		if err := o.Resync(t.Context()); !errors.Is(err, engine.ErrUnavailable) || !strings.Contains(err.Error(), "resync project shop") {
			t.Errorf("%s: %v", call, err)
		}
	}
	for _, call := range []string{"list", "inspect"} { // of what no list shows, for all else is as it was
		w := newWorld(t, "web")
		w.FailNext(call, engine.ErrUnavailable)
		if err := w.Resync(t.Context()); !errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("%s, when all is known: %v", call, err)
		}
	}
}

func TestAResyncTellsHowLongTheListTookAndHowMuchDiffers(t *testing.T) {
	w := newWorld(t, "web", "db")
	w.Create(sim.Spec{Name: "handmade", State: engine.StateRunning})
	w.settle(t)
	var heard []Heard
	w.opt.Heard = func(h Heard) {
		if h.Resynced {
			heard = append(heard, h)
		}
	}
	w.list = func(list []engine.Summary) []engine.Summary {
		w.now = w.now.Add(3 * time.Second)
		return list
	}
	w.resync(t)
	w.Silence(true)
	w.Exit("web", 1)
	w.resync(t)
	w.Remove("web")
	w.resync(t)
	want := []Heard{{Resynced: true, Took: 3 * time.Second}, {Resynced: true, Took: 3 * time.Second, Changed: 1}, {Resynced: true, Took: 3 * time.Second, Changed: 1}}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %+v\nwant  %+v", heard, want)
	}
}
