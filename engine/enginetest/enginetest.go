// Package enginetest is the text of the port reconciler/engine, as tests. Each
// implementation runs them in a World of its own: one that passes may stand in
// for any other. It owns no engine, and waits only for what must happen.
package enginetest

import (
	"testing"

	"reconciler/engine"
)

// obligation is one thing that the port promises.
type obligation struct {
	name string
	test func(*testing.T, World)
}

// Run holds the engine of the world to the port's text, one subtest for each
// obligation, one after the other.
func Run(t *testing.T, w World) {
	for _, group := range [][]obligation{looking, starting, refusing, connecting, stopping, hearing, doing, logging, calling} {
		for _, o := range group {
			t.Run(o.name, func(t *testing.T) { o.test(t, w) })
		}
	}
}

// create makes a container under a name that ends in the suffix.
func create(t *testing.T, w World, suffix string, s Spec) (id string) {
	t.Helper()
	s.Name = w.Name(suffix)
	return w.Create(t, s)
}

// running creates a container and starts it.
func running(t *testing.T, w World, suffix string, s Spec) (id string) {
	t.Helper()
	id = create(t, w, suffix, s)
	w.HandStart(t, id)
	return id
}

// paused creates a container, starts and pauses it.
func paused(t *testing.T, w World, suffix string) (id string) {
	t.Helper()
	id = running(t, w, suffix, Spec{})
	w.Pause(t, id)
	return id
}

// inspect returns a container that must be there.
func inspect(t *testing.T, w World, ref string) engine.Container {
	t.Helper()
	c, err := w.Engine().Inspect(t.Context(), ref)
	if err != nil {
		t.Fatalf("inspect: %v", err)
	}
	return c
}

// wantState fails the test unless the container is in that state.
func wantState(t *testing.T, w World, id string, want engine.State) engine.Container {
	t.Helper()
	c := inspect(t, w, id)
	if c.State != want {
		t.Errorf("%s is %s (exit code %d, %q), want %s", c.Name, c.State, c.ExitCode, c.Error, want)
	}
	return c
}

// must fails the test at an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
