package enginetest

import (
	"errors"
	"testing"
	"time"

	"reconciler/engine"
)

// stopping is what Stop promises.
var stopping = []obligation{
	{"a stop returns once it has exited", stopRunning},
	{"a stop of what doesn't run does nothing", stopStopped},
	{"a stop of a paused one stops it", stopPaused},
	{"a stop kills after the grace what ignores the signal", stopKills},
	{"a stop with a negative grace takes the container's own", stopOwnGrace},
	{"a stop makes what removes itself vanish", stopAutoRemove},
}

// long is a grace that only a test that fails uses up.
const long = time.Minute

func stopRunning(t *testing.T, w World) {
	id := running(t, w, "web", Spec{})
	must(t, w.Engine().Stop(t.Context(), id, long))
	if c := wantState(t, w, id, engine.StateExited); c.ExitCode == 137 {
		t.Error("it was killed and not asked to stop")
	}
}

func stopStopped(t *testing.T, w World) {
	exited := running(t, w, "exited", Spec{})
	w.HandStop(t, exited)
	for _, id := range []string{exited, create(t, w, "created", Spec{})} {
		before := inspect(t, w, id)
		if err := w.Engine().Stop(t.Context(), id, 0); err != nil {
			t.Errorf("stop of a %s one: %v", before.State, err)
		}
		wantSameRun(t, w, before)
	}
}

func stopPaused(t *testing.T, w World) {
	id := paused(t, w, "web")
	must(t, w.Engine().Stop(t.Context(), id, time.Second))
	wantState(t, w, id, engine.StateExited)
}

func stopKills(t *testing.T, w World) {
	id := running(t, w, "web", Spec{Mode: ModeIgnoreTerm})
	must(t, w.Engine().Stop(t.Context(), id, time.Second))
	if c := wantState(t, w, id, engine.StateExited); c.ExitCode != 137 {
		t.Errorf("exit code %d, want 137", c.ExitCode)
	}
}

func stopOwnGrace(t *testing.T, w World) {
	id := running(t, w, "web", Spec{Mode: ModeIgnoreTerm, StopTimeout: time.Second})
	must(t, w.Engine().Stop(t.Context(), id, -1))
	if c := wantState(t, w, id, engine.StateExited); c.ExitCode != 137 {
		t.Errorf("exit code %d, want 137", c.ExitCode)
	}
}

func stopAutoRemove(t *testing.T, w World) {
	l := listen(t, w)
	id := running(t, w, "web", Spec{AutoRemove: true})
	must(t, w.Engine().Stop(t.Context(), id, long))
	l.await(id, engine.ActionDestroy)
	if _, err := w.Engine().Inspect(t.Context(), id); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("inspect: error %v, want ErrNotFound", err)
	}
	if _, listed := list(t, w, w.Project())[id]; listed {
		t.Error("it is still listed")
	}
}
