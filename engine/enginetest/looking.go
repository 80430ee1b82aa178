package enginetest

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"reconciler/engine"
)

// looking is what Info, List and Inspect promise.
var looking = []obligation{
	{"info names the engine", infoNames},
	{"a list shows all states of the project and nothing of others", listShowsAllStates},
	{"a list without a project shows all", listWithoutProject},
	{"a list and an inspect agree", listAndInspectAgree},
	{"an inspect finds by ID and by name", inspectFinds},
	{"an inspect finds nothing by a part of an ID or name", inspectExact},
	{"a container that was never started has no times, no process", neverStarted},
	{"a process has an ID while it lives", processID},
	{"a run has a begin and an end", beginAndEnd},
	{"an exit code is told", exitCode},
	{"an address is told while there is one", addresses},
	{"what stops a container is told", ownStopTimeout},
}

func infoNames(t *testing.T, w World) {
	info, err := w.Engine().Info(t.Context())
	must(t, err)
	if info.Address == "" || info.Version == "" || info.APIVersion == "" {
		t.Errorf("info: %+v, want each of them told", info)
	}
}

// list returns the project's containers by ID.
func list(t *testing.T, w World, project string) map[string]engine.Summary {
	t.Helper()
	all, err := w.Engine().List(t.Context(), project)
	must(t, err)
	byID := make(map[string]engine.Summary, len(all))
	for _, s := range all {
		byID[s.ID] = s
	}
	if len(byID) != len(all) {
		t.Errorf("list: %d containers, %d of them different", len(all), len(byID))
	}
	return byID
}

func listShowsAllStates(t *testing.T, w World) {
	exited := running(t, w, "exited", Spec{})
	must(t, w.Engine().Stop(t.Context(), exited, 0))
	foreign := running(t, w, "foreign", Spec{Foreign: true})
	want := map[string]engine.State{
		create(t, w, "created", Spec{}):  engine.StateCreated,
		running(t, w, "running", Spec{}): engine.StateRunning,
		paused(t, w, "paused"):           engine.StatePaused,
		exited:                           engine.StateExited,
	}
	got := list(t, w, w.Project())
	for id, state := range want {
		if got[id].State != state {
			t.Errorf("%s is listed as %q, want %s", inspect(t, w, id).Name, got[id].State, state)
		}
	}
	if _, listed := got[foreign]; listed {
		t.Error("a container without the project's label is listed")
	}
	for _, s := range got {
		if s.Claim.Project != w.Project() {
			t.Errorf("%s of project %q is listed", s.Name, s.Claim.Project)
		}
	}
	if got := list(t, w, w.Project()+"-other"); len(got) != 0 {
		t.Errorf("a project that isn't there has %d containers", len(got))
	}
}

func listWithoutProject(t *testing.T, w World) {
	got := list(t, w, "")
	for what, id := range map[string]string{
		"the project's": create(t, w, "own", Spec{}),
		"the foreign":   create(t, w, "foreign", Spec{Foreign: true}),
	} {
		if _, before := got[id]; before {
			t.Errorf("%s is listed before it is created", what)
		}
		if _, listed := list(t, w, "")[id]; !listed {
			t.Errorf("%s is not listed", what)
		}
	}
}

func listAndInspectAgree(t *testing.T, w World) {
	id := running(t, w, "web", Spec{Labels: longLabels()})
	listed, looked := list(t, w, w.Project())[id], inspect(t, w, id)
	if listed.Name != looked.Name || strings.Contains(listed.Name, "/") || listed.ID != looked.ID || listed.State != looked.State {
		t.Errorf("listed as %s %s %s, inspected as %s %s %s",
			listed.ID, listed.Name, listed.State, looked.ID, looked.Name, looked.State)
	}
	for what, s := range map[string]engine.Summary{"list": listed, "inspect": looked.Summary} {
		if want := longClaim(w); !reflect.DeepEqual(s.Claim, want) {
			t.Errorf("%s: the claim is %.300v; want %v", what, s.Claim, want)
		}
	}
	if listed.Image == "" || listed.Image != looked.Image {
		t.Errorf("listed with image %q, inspected with %q", listed.Image, looked.Image)
	}
}

func inspectFinds(t *testing.T, w World) {
	id := create(t, w, "web", Spec{})
	byID := inspect(t, w, id)
	if byName := inspect(t, w, byID.Name); byName.ID != id || byID.ID != id {
		t.Errorf("by name: %s, by ID: %s, want %s", byName.ID, byID.ID, id)
	}
	name := w.Name("renamed")
	w.Rename(t, id, name)
	if c := inspect(t, w, name); c.ID != id || c.Name != name {
		t.Errorf("by its new name: %s %s, want %s %s", c.ID, c.Name, id, name)
	}
	wantMissing(t, w, byID.Name)
}

func inspectExact(t *testing.T, w World) {
	id := create(t, w, "web", Spec{})
	name := inspect(t, w, id).Name
	wantMissing(t, w, id[:12])
	wantMissing(t, w, name[:len(name)-1])
	wantMissing(t, w, "/"+name)
}

// wantMissing fails the test if that finds a container.
func wantMissing(t *testing.T, w World, ref string) {
	t.Helper()
	if c, err := w.Engine().Inspect(t.Context(), ref); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("inspect %s: found %s %s, error %v, want ErrNotFound", ref, c.ID, c.Name, err)
	}
}

func neverStarted(t *testing.T, w World) {
	c := wantState(t, w, create(t, w, "new", Spec{}), engine.StateCreated)
	if !c.StartedAt.IsZero() || !c.FinishedAt.IsZero() || c.PID != 0 || c.CreatedAt.IsZero() || c.Restarts != 0 {
		t.Errorf("started %s, finished %s, created %s, process %d, restarted %d times",
			c.StartedAt, c.FinishedAt, c.CreatedAt, c.PID, c.Restarts)
	}
}

func processID(t *testing.T, w World) {
	id := running(t, w, "web", Spec{})
	first := inspect(t, w, id).PID
	w.Pause(t, id)
	if now := inspect(t, w, id).PID; first == 0 || now != first {
		t.Errorf("process %d while it runs, %d while it is paused", first, now)
	}
	w.Unpause(t, id)
	w.HandStop(t, id)
	if c := wantState(t, w, id, engine.StateExited); c.PID != 0 {
		t.Errorf("process %d after it exited", c.PID)
	}
}

func beginAndEnd(t *testing.T, w World) {
	id := running(t, w, "web", Spec{})
	first := wantState(t, w, id, engine.StateRunning)
	if first.StartedAt.Before(first.CreatedAt) || !first.FinishedAt.IsZero() {
		t.Errorf("created %s, started %s, finished %s", first.CreatedAt, first.StartedAt, first.FinishedAt)
	}
	w.HandStop(t, id)
	ended := wantState(t, w, id, engine.StateExited)
	if !ended.StartedAt.Equal(first.StartedAt) || ended.FinishedAt.Before(ended.StartedAt) {
		t.Errorf("started %s, then %s, finished %s", first.StartedAt, ended.StartedAt, ended.FinishedAt)
	}
	w.HandStart(t, id)
	if again := inspect(t, w, id); !again.StartedAt.After(first.StartedAt) {
		t.Errorf("the second run began %s, the first %s", again.StartedAt, first.StartedAt)
	}
}

func addresses(t *testing.T, w World) {
	port := w.Port(t)
	if port == 0 {
		t.Skip("no container has a network on this engine")
	}
	id := create(t, w, "web", Spec{Publish: port})
	child := create(t, w, "child", Spec{Joins: id})
	if c := inspect(t, w, id); len(c.Addresses) > 0 {
		t.Errorf("before it is started: %v", c.Addresses)
	}
	w.HandStart(t, id)
	w.HandStart(t, child)
	if c := inspect(t, w, id); len(c.Addresses) == 0 {
		t.Error("it runs, and has none")
	}
	if c := inspect(t, w, child); len(c.Addresses) > 0 {
		t.Errorf("of what shares its network: %v", c.Addresses)
	}
	w.HandStop(t, id)
	if c := inspect(t, w, id); len(c.Addresses) > 0 {
		t.Errorf("after it was stopped: %v", c.Addresses)
	}
}

func exitCode(t *testing.T, w World) {
	l := listen(t, w)
	id := create(t, w, "job", Spec{Mode: ModeExit, Code: 7})
	must(t, w.Engine().Start(t.Context(), id))
	l.await(id, engine.ActionDie)
	// Whoever inspects because of an event sees what it told of.
	if c := wantState(t, w, id, engine.StateExited); c.ExitCode != 7 || c.OOMKilled {
		t.Errorf("exit code %d, out of memory %t, want 7 and false", c.ExitCode, c.OOMKilled)
	}
}

func ownStopTimeout(t *testing.T, w World) {
	own := inspect(t, w, create(t, w, "own", Spec{StopTimeout: 3 * time.Second, AutoRemove: true}))
	if own.StopTimeout != 3*time.Second || !own.AutoRemove {
		t.Errorf("stop timeout %s, removes itself %t, want 3s and true", own.StopTimeout, own.AutoRemove)
	}
	plain := inspect(t, w, create(t, w, "plain", Spec{}))
	if plain.StopTimeout != 0 || plain.AutoRemove {
		t.Errorf("stop timeout %s, removes itself %t, want none and false", plain.StopTimeout, plain.AutoRemove)
	}
}

// longLabels are some that nothing here reads, and one that is too long to be.
func longLabels() map[string]string {
	return map[string]string{
		"some": strings.Repeat("label", 100_000), engine.LabelReplace: strings.Repeat("web", 100_000),
		engine.LabelPrefix + "config-hash": "0123", engine.LabelService: "web", engine.LabelDependsOn: "a\x1b[2J:b:c",
	}
}

// longClaim is what is kept of longLabels.
func longClaim(w World) engine.Claim {
	return engine.Claim{
		Project: w.Project(), Service: "web", Labelled: true,
		Unread: engine.Unread{Part: engine.PartReplaces, Label: engine.LabelReplace},
	}
}
