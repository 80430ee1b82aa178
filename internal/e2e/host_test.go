// Package e2e runs the real binary against real engines.
package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"

	"reconciler/engine/docker/dockertest"
)

// binary is built once.
var binary string

func TestMain(m *testing.M) {
	code, err := build(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func build(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "reconciler-e2e")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "reconciler")
	cmd := exec.Command("go", "build", "-o", binary, "reconciler/cmd/reconciler")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build: %w\n%s", err, text)
	}
	return m.Run(), nil
}

// onEach runs the test on each engine.
func onEach(t *testing.T, test func(*testing.T, *host)) {
	for _, address := range dockertest.Engines(t) {
		h := connect(t, address)
		t.Run("engine "+h.version, func(t *testing.T) {
			test(t, &host{h.Client, h.address, h.version, t})
		})
	}
}

// host is an engine, and the test that uses it.
type host struct {
	*client.Client
	address, version string
	t                *testing.T
}

// connect finds the engine and gives it the image.
func connect(t *testing.T, address string) *host {
	t.Helper()
	cli, version := dockertest.Connect(t, address)
	return &host{cli, address, "API " + version, t}
}

// spec is a container to make.
type spec struct {
	name    string
	project string // empty: no Compose labels
	service string
	cmd     []string // empty: sleeps
	remove  bool
	restart string
}

// create makes a container that goes with the test.
func (h *host) create(s spec) string {
	h.t.Helper()
	conf := &container.Config{Image: dockertest.Image, Entrypoint: []string{"/app"}, Cmd: s.cmd}
	if s.project != "" {
		conf.Labels = map[string]string{"com.docker.compose.project": s.project, "com.docker.compose.service": s.service, "com.docker.compose.oneoff": "False"}
	}
	c, err := h.ContainerCreate(h.t.Context(), conf, &container.HostConfig{
		NetworkMode: "none", AutoRemove: s.remove,
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyMode(s.restart)},
	}, nil, nil, s.name)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		_ = h.ContainerRemove(context.Background(), c.ID, container.RemoveOptions{Force: true})
	})
	return c.ID
}

func (h *host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) start(id string) {
	h.t.Helper()
	h.must(h.ContainerStart(h.t.Context(), id, container.StartOptions{}))
}

func (h *host) state(ref string) string {
	h.t.Helper()
	c, err := h.ContainerInspect(h.t.Context(), ref)
	if err != nil {
		h.t.Fatal(err)
	}
	return c.State.Status
}

// times are when the container was started last, and when it ended last.
func (h *host) times(ref string) (began, ended time.Time) {
	h.t.Helper()
	c, err := h.ContainerInspect(h.t.Context(), ref)
	h.must(err)
	began, err = time.Parse(time.RFC3339Nano, c.State.StartedAt)
	h.must(err)
	ended, err = time.Parse(time.RFC3339Nano, c.State.FinishedAt)
	h.must(err)
	return began, ended
}

// fingerprint is what changes when anybody touches the container.
func (h *host) fingerprint(ref string) string {
	h.t.Helper()
	c, err := h.ContainerInspect(h.t.Context(), ref)
	if err != nil {
		h.t.Fatal(err)
	}
	return fmt.Sprint(c.ID, c.Name, c.State.Status, c.State.StartedAt, c.State.FinishedAt)
}

// happened returns the events about the containers since then, but for those
// in which nobody does anything.
func (h *host) happened(since time.Time, ids map[string]bool) []string {
	h.t.Helper()
	until := time.Now()
	messages, errs := h.Events(h.t.Context(), events.ListOptions{
		Since: fmt.Sprintf("%d.%09d", since.Unix(), since.Nanosecond()), Until: fmt.Sprintf("%d.%09d", until.Unix(), until.Nanosecond()),
		Filters: filters.NewArgs(filters.Arg("type", "container")),
	})
	var all []string
	for {
		select {
		case m := <-messages:
			if ids[m.Actor.ID] {
				all = append(all, fmt.Sprintf("%s %s", m.Action, m.Actor.Attributes["name"]))
			}
		case err := <-errs:
			if err != nil && err != io.EOF {
				h.t.Fatal(err)
			}
			return all
		}
	}
}

// eventually waits until ok, for a minute at most, and fails with what it saw
// last.
func eventually(t *testing.T, what string, ok func() (bool, string)) {
	t.Helper()
	within(t, time.Minute, what, ok)
}

// within is eventually with another patience.
func within(t *testing.T, patience time.Duration, what string, ok func() (bool, string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for {
		done, seen := ok()
		if done {
			return
		}
		last = seen
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within %s; last seen: %s", what, patience, last)
		}
	}
}
