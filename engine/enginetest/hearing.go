package enginetest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reconciler/engine"
)

// hearing is what Events promises.
var hearing = append(transcripts(),
	obligation{"an event names the container", eventNames},
	obligation{"a pause and an unpause are heard", pauseHeard},
	obligation{"a rename tells both names", renameTells},
	obligation{"a healthcheck is heard by its result and by nothing else", healthHeard},
	obligation{"events of a foreign container are heard", foreignHeard},
	obligation{"Events ends with the context's error", eventsEnd},
)

// A story is what happens to one container, and what is heard of it.
type story struct {
	name string
	spec Spec
	do   func(t *testing.T, w World, id string)
	want []string
}

func transcripts() []obligation {
	var all []obligation
	for _, s := range stories {
		all = append(all, obligation{"heard: " + s.name, func(t *testing.T, w World) {
			l := listen(t, w)
			id := create(t, w, "web", s.spec)
			s.do(t, w, id)
			l.awaitMany(id, len(s.want))
			l.flush()
			if diff := cmp.Diff(s.want, l.transcript(id)); diff != "" {
				t.Errorf("heard (- want, + got):\n%s", diff)
			}
		}})
	}
	return all
}

var stories = []story{
	{"create", Spec{}, func(*testing.T, World, string) {}, []string{"create"}},
	{"start", Spec{}, func(t *testing.T, w World, id string) {
		must(t, w.Engine().Start(t.Context(), id))
	}, []string{"create", "start"}},
	{"start twice", Spec{}, func(t *testing.T, w World, id string) {
		must(t, w.Engine().Start(t.Context(), id))
		must(t, w.Engine().Start(t.Context(), id))
	}, []string{"create", "start"}},
	{"stop", Spec{}, func(t *testing.T, w World, id string) {
		w.HandStart(t, id)
		must(t, w.Engine().Stop(t.Context(), id, long))
		must(t, w.Engine().Stop(t.Context(), id, long))
	}, []string{"create", "start", "kill 15", "die"}},
	{"stop of what ignores the signal", Spec{Mode: ModeIgnoreTerm}, func(t *testing.T, w World, id string) {
		w.HandStart(t, id)
		must(t, w.Engine().Stop(t.Context(), id, time.Second))
	}, []string{"create", "start", "kill 15", "kill 9", "die"}},
	{"stop of what removes itself", Spec{AutoRemove: true}, func(t *testing.T, w World, id string) {
		w.HandStart(t, id)
		must(t, w.Engine().Stop(t.Context(), id, long))
	}, []string{"create", "start", "kill 15", "die", "destroy"}},
	{"restart", Spec{}, func(t *testing.T, w World, id string) {
		w.HandStart(t, id)
		must(t, w.Engine().Restart(t.Context(), id, long))
	}, []string{"create", "start", "kill 15", "die", "start"}},
	{"exit", Spec{Mode: ModeExit, Code: 1}, func(t *testing.T, w World, id string) {
		must(t, w.Engine().Start(t.Context(), id))
	}, []string{"create", "start", "die"}},
	{"stop and start by hand", Spec{}, func(t *testing.T, w World, id string) {
		w.HandStart(t, id)
		w.HandStop(t, id)
		w.HandStart(t, id)
	}, []string{"create", "start", "kill 15", "die", "start"}},
	{"kill", Spec{}, func(t *testing.T, w World, id string) {
		w.HandStart(t, id)
		w.Kill(t, id, 9)
	}, []string{"create", "start", "kill 9", "die"}},
	{"a signal that is ignored", Spec{Mode: ModeIgnoreTerm}, func(t *testing.T, w World, id string) {
		w.HandStart(t, id)
		w.Kill(t, id, 15)
		wantState(t, w, id, engine.StateRunning)
	}, []string{"create", "start", "kill 15"}},
	{"stop while it is paused", Spec{}, func(t *testing.T, w World, id string) {
		w.HandStart(t, id)
		w.Pause(t, id)
		must(t, w.Engine().Stop(t.Context(), id, long))
	}, []string{"create", "start", "pause", "kill 15", "unpause", "die"}},
	{"kill while it is paused", Spec{}, func(t *testing.T, w World, id string) {
		w.HandStart(t, id)
		w.Pause(t, id)
		w.Kill(t, id, 9)
	}, []string{"create", "start", "pause", "kill 9", "die"}},
	{"restart of what removes itself", Spec{AutoRemove: true}, func(t *testing.T, w World, id string) {
		w.HandStart(t, id)
		must(t, w.Engine().Restart(t.Context(), id, long))
	}, []string{"create", "start", "kill 15", "die", "start"}},
	{"a start that is refused", Spec{Mode: ModeBroken}, func(t *testing.T, w World, id string) {
		if w.Engine().Start(t.Context(), id) == nil {
			t.Error("it started")
		}
	}, []string{"create"}},
	{"a refused start of what removes itself", Spec{Mode: ModeBroken, AutoRemove: true}, func(t *testing.T, w World, id string) {
		if w.Engine().Start(t.Context(), id) == nil {
			t.Error("it started")
		}
	}, []string{"create", "destroy"}},
	{"restart while it is paused", Spec{}, func(t *testing.T, w World, id string) {
		w.HandStart(t, id)
		w.Pause(t, id)
		must(t, w.Engine().Restart(t.Context(), id, long))
	}, []string{"create", "start", "pause", "kill 15", "unpause", "die", "start"}},
	{"reconnect", Spec{Networks: 1}, func(t *testing.T, w World, id string) {
		networks := inspect(t, w, id).Networks
		w.Disconnect(t, id)
		must(t, w.Engine().Reconnect(t.Context(), id, networks))
	}, []string{"create"}},
	{"remove", Spec{}, func(t *testing.T, w World, id string) {
		w.Remove(t, id)
	}, []string{"create", "destroy"}},
	{"remove while it runs", Spec{}, func(t *testing.T, w World, id string) {
		w.HandStart(t, id)
		w.Remove(t, id)
	}, []string{"create", "start", "kill 9", "die", "destroy"}},
}

func eventNames(t *testing.T, w World) {
	l := listen(t, w)
	id := create(t, w, "web", Spec{Labels: longLabels()})
	name := inspect(t, w, id).Name
	e := l.await(id, engine.ActionCreate)
	if e.Name != name || !reflect.DeepEqual(e.Claim, longClaim(w)) || e.Time.IsZero() || e.OldName != "" {
		t.Errorf("heard %+v, want the name %s, the claim, a time and no other name", e, name)
	}
}

// pauseHeard allows for more than it waits for: where an unpause follows
// quickly, the engine takes its own late news of the pause for another one,
// and tells of that, too (moby: daemon/monitor.go).
func pauseHeard(t *testing.T, w World) {
	l := listen(t, w)
	id := running(t, w, "web", Spec{})
	for _, unpause := range []func(){
		func() { w.Unpause(t, id) },
		func() { must(t, w.Engine().Unpause(t.Context(), id)) },
	} {
		w.Pause(t, id)
		l.await(id, engine.ActionPause)
		unpause()
		l.await(id, engine.ActionUnpause)
		l.settle(id)
	}
}

func renameTells(t *testing.T, w World) {
	l := listen(t, w)
	id := create(t, w, "old", Spec{})
	before, after := inspect(t, w, id).Name, w.Name("new")
	w.Rename(t, id, after)
	if e := l.await(id, engine.ActionRename); e.OldName != before || e.Name != after {
		t.Errorf("heard of %q, once %q, want %q, once %q", e.Name, e.OldName, after, before)
	}
}

func healthHeard(t *testing.T, w World) {
	l := listen(t, w)
	id := create(t, w, "web", Spec{Healthy: true})
	w.HandStart(t, id)
	l.await(id, engine.ActionHealth)
	if c := wantState(t, w, id, engine.StateRunning); c.Health != engine.HealthHealthy {
		t.Errorf("inspected as %q, want healthy", c.Health)
	}
	if s := list(t, w, w.Project())[id]; s.Health != engine.HealthHealthy && s.Health != engine.HealthNone {
		t.Errorf("listed as %q, want healthy or nothing", s.Health)
	}
	w.HandStop(t, id)
	l.await(id, engine.ActionDie)
	if c := inspect(t, w, id); c.Health != engine.HealthUnhealthy {
		t.Errorf("inspected as %q once it has exited, want unhealthy", c.Health)
	}
	l.flush()
	if diff := cmp.Diff([]string{"create", "start", "health_status", "kill 15", "die"}, l.transcript(id)); diff != "" {
		t.Errorf("heard (- want, + got):\n%s", diff)
	}
}

func foreignHeard(t *testing.T, w World) {
	l := listen(t, w)
	l.await(running(t, w, "foreign", Spec{Foreign: true}), engine.ActionStart)
}

func eventsEnd(t *testing.T, w World) {
	ctx, cancel := context.WithCancel(t.Context())
	if err := w.Engine().Events(ctx, cancel, func(engine.Event) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v, want context.Canceled", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := w.Engine().Events(ctx, func() {}, func(engine.Event) {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("past its deadline: error %v, want context.DeadlineExceeded", err)
	}
}
