package enginetest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"reconciler/engine"
)

// calling is what all methods promise.
var calling = []obligation{
	{"a container that isn't there is ErrNotFound", missing},
	{"an error names the operation and the subject", errorsName},
	{"a call ends with its context", callsEnd},
	{"a container may be called by many at once", manyCallers},
}

// verbs are the methods that name a container.
func verbs(e engine.Engine) map[string]func(context.Context, string) error {
	return map[string]func(context.Context, string) error{
		"inspect": func(ctx context.Context, ref string) error { _, err := e.Inspect(ctx, ref); return err },
		"start":   e.Start,
		"stop":    func(ctx context.Context, id string) error { return e.Stop(ctx, id, 0) },
		"restart": func(ctx context.Context, id string) error { return e.Restart(ctx, id, 0) },
		"unpause": e.Unpause,
		"reconnect": func(ctx context.Context, id string) error {
			return e.Reconnect(ctx, id, []engine.Network{{Name: "back", Settings: "{}"}})
		},
		"logs": func(ctx context.Context, id string) error {
			return e.Logs(ctx, id, engine.LogOptions{}, func([]byte) error { return nil })
		},
	}
}

func missing(t *testing.T, w World) {
	id := create(t, w, "web", Spec{})
	w.Remove(t, id)
	for verb, call := range verbs(w.Engine()) {
		if err := call(t.Context(), id); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("%s: error %v, want ErrNotFound", verb, err)
		}
	}
}

func errorsName(t *testing.T, w World) {
	const id = "0123456789abcdef"
	for verb, call := range verbs(w.Engine()) {
		if err := call(t.Context(), id); err == nil || !strings.Contains(err.Error(), verb) || !strings.Contains(err.Error(), id) {
			t.Errorf("%s: error %v, want its name and %s in it", verb, err, id)
		}
	}
}

func callsEnd(t *testing.T, w World) {
	id := running(t, w, "web", Spec{})
	before := inspect(t, w, id)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	calls := verbs(w.Engine())
	calls["list"] = func(ctx context.Context, _ string) error { _, err := w.Engine().List(ctx, w.Project()); return err }
	calls["info"] = func(ctx context.Context, _ string) error { _, err := w.Engine().Info(ctx); return err }
	calls["holder"] = func(ctx context.Context, _ string) error {
		_, err := w.Engine().Holder(ctx, engine.Port{Host: 1})
		return err
	}
	for name, call := range calls {
		if err := call(cancelled, id); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: error %v, want context.Canceled", name, err)
		}
		if err := call(late, id); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s, past its deadline: error %v, want context.DeadlineExceeded", name, err)
		}
	}
	wantSameRun(t, w, before)
}

func manyCallers(t *testing.T, w World) {
	id := create(t, w, "web", Spec{})
	at := func(call func() error) {
		t.Helper()
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				if err := call(); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
	}
	at(func() error { return w.Engine().Start(t.Context(), id) })
	before := wantState(t, w, id, engine.StateRunning)
	at(func() error {
		_, err := w.Engine().List(t.Context(), w.Project())
		return errors.Join(err, w.Engine().Unpause(t.Context(), id))
	})
	w.HandStart(t, id) // nothing to start: its process is ready for signals then
	wantSameRun(t, w, before)
	at(func() error { return w.Engine().Stop(t.Context(), id, long) })
	wantState(t, w, id, engine.StateExited)
}
