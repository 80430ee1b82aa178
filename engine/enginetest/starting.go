package enginetest

import (
	"errors"
	"testing"

	"reconciler/engine"
)

// starting is what Start, Restart and Unpause promise.
var starting = []obligation{
	{"a start starts what was created and what has exited", startStarts},
	{"a start of a running one does nothing", startRunning},
	{"a start of a paused one is a conflict", startPaused},
	{"a start of a bad command is refused and leaves it created", startBroken},
	{"a restart makes a new process", restartRunning},
	{"a restart starts what doesn't run", restartStopped},
	{"a restart of a paused one makes it run", restartPaused},
	{"a restart keeps what removes itself", restartAutoRemove},
	{"an unpause lets go on", unpausePaused},
	{"an unpause of one that isn't paused does nothing", unpauseOthers},
	{"the engine's own policy restarts what ends by itself", policyRestarts},
	{"the engine's own policy leaves alone what was stopped", policyLeavesAlone},
}

func startStarts(t *testing.T, w World) {
	id := create(t, w, "web", Spec{})
	must(t, w.Engine().Start(t.Context(), id))
	wantState(t, w, id, engine.StateRunning)
	w.HandStop(t, id)
	must(t, w.Engine().Start(t.Context(), id))
	wantState(t, w, id, engine.StateRunning)
}

func startRunning(t *testing.T, w World) {
	id := running(t, w, "web", Spec{})
	before := inspect(t, w, id)
	must(t, w.Engine().Start(t.Context(), id))
	wantSameRun(t, w, before)
}

// wantSameRun fails the test unless the process is still the one it was.
func wantSameRun(t *testing.T, w World, before engine.Container) {
	t.Helper()
	now := wantState(t, w, before.ID, before.State)
	if now.PID != before.PID || !now.StartedAt.Equal(before.StartedAt) {
		t.Errorf("process %d since %s, before %d since %s", now.PID, now.StartedAt, before.PID, before.StartedAt)
	}
}

func startPaused(t *testing.T, w World) {
	id := paused(t, w, "web")
	before := inspect(t, w, id)
	if err := w.Engine().Start(t.Context(), id); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("error %v, want ErrConflict", err)
	}
	wantSameRun(t, w, before)
}

func startBroken(t *testing.T, w World) {
	id := create(t, w, "web", Spec{Mode: ModeBroken})
	err := w.Engine().Start(t.Context(), id)
	if !errors.Is(err, engine.ErrInvalid) || errors.Is(err, engine.ErrNotFound) {
		t.Errorf("error %v, want ErrInvalid alone", err)
	}
	if c := wantState(t, w, id, engine.StateCreated); c.PID != 0 || c.Error == "" {
		t.Errorf("process %d, error %q, want no process, and why", c.PID, c.Error)
	}
}

func restartRunning(t *testing.T, w World) {
	id := running(t, w, "web", Spec{})
	before := inspect(t, w, id)
	must(t, w.Engine().Restart(t.Context(), id, 0))
	now := wantState(t, w, id, engine.StateRunning)
	if now.PID == before.PID || !now.StartedAt.After(before.StartedAt) {
		t.Errorf("process %d since %s, before %d since %s", now.PID, now.StartedAt, before.PID, before.StartedAt)
	}
	if now.Restarts != 0 {
		t.Errorf("it counts as %d restarts by the engine's policy", now.Restarts)
	}
}

func restartStopped(t *testing.T, w World) {
	id := create(t, w, "web", Spec{})
	must(t, w.Engine().Restart(t.Context(), id, 0))
	wantState(t, w, id, engine.StateRunning)
	w.HandStop(t, id)
	must(t, w.Engine().Restart(t.Context(), id, 0))
	wantState(t, w, id, engine.StateRunning)
}

func restartPaused(t *testing.T, w World) {
	id := paused(t, w, "web")
	must(t, w.Engine().Restart(t.Context(), id, 0))
	wantState(t, w, id, engine.StateRunning)
}

func restartAutoRemove(t *testing.T, w World) {
	id := running(t, w, "web", Spec{AutoRemove: true})
	must(t, w.Engine().Restart(t.Context(), id, 0))
	if c := wantState(t, w, id, engine.StateRunning); !c.AutoRemove {
		t.Error("it no longer removes itself")
	}
}

func unpausePaused(t *testing.T, w World) {
	l := listen(t, w)
	id := running(t, w, "web", Spec{})
	before := inspect(t, w, id)
	w.Pause(t, id)
	must(t, w.Engine().Unpause(t.Context(), id))
	l.settle(id)
	wantSameRun(t, w, before)
}

func unpauseOthers(t *testing.T, w World) {
	for _, id := range []string{create(t, w, "created", Spec{}), running(t, w, "running", Spec{})} {
		before := inspect(t, w, id)
		if err := w.Engine().Unpause(t.Context(), id); err != nil {
			t.Errorf("unpause of a %s one: %v", before.State, err)
		}
		wantSameRun(t, w, before)
	}
}

func policyRestarts(t *testing.T, w World) {
	l := listen(t, w)
	id := running(t, w, "web", Spec{Mode: ModeExit, Code: 3, Always: true})
	l.await(id, engine.ActionStart)
	l.await(id, engine.ActionDie)
	l.await(id, engine.ActionStart)
	if c := inspect(t, w, id); c.Restarts == 0 {
		t.Error("it was restarted and counts no restart")
	}
	must(t, w.Engine().Stop(t.Context(), id, 0))
	wantState(t, w, id, engine.StateExited)
}

func policyLeavesAlone(t *testing.T, w World) {
	for name, end := range map[string]func(id string){
		"stopped": func(id string) { must(t, w.Engine().Stop(t.Context(), id, 0)) },
		"killed":  func(id string) { w.Kill(t, id, 9) },
	} {
		l := listen(t, w)
		id := running(t, w, name, Spec{Always: true})
		end(id)
		l.await(id, engine.ActionDie)
		l.flush()
		if c := wantState(t, w, id, engine.StateExited); c.Restarts != 0 {
			t.Errorf("%s: restarted %d times", name, c.Restarts)
		}
	}
}
