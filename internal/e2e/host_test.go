// Package e2e runs the real binary against real engines.
package e2e

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// binary and app are built once.
var binary, app string

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
	binary, app = filepath.Join(dir, "reconciler"), filepath.Join(dir, "app")
	for out, pkg := range map[string]string{binary: "reconciler/cmd/reconciler", app: "reconciler/internal/e2e/app"} {
		cmd := exec.Command("go", "build", "-o", out, pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			return 1, fmt.Errorf("build %s: %w\n%s", pkg, err, text)
		}
	}
	return m.Run(), nil
}

// engines are the engines to test on, by RECONCILER_TEST_ENGINES, else
// DOCKER_HOST.
func engines(t *testing.T) []string {
	t.Helper()
	hosts := strings.Fields(os.Getenv("RECONCILER_TEST_ENGINES"))
	if h := os.Getenv("DOCKER_HOST"); len(hosts) == 0 && h != "" {
		hosts = []string{h}
	}
	if len(hosts) == 0 {
		if os.Getenv("RECONCILER_TEST_ENGINE") == "required" {
			t.Fatal("an engine is required: name some in RECONCILER_TEST_ENGINES")
		}
		t.Skip("no engine: neither RECONCILER_TEST_ENGINES nor DOCKER_HOST is set (hack/engine up prints one)")
	}
	return hosts
}

// onEach runs the test on each engine.
func onEach(t *testing.T, test func(*testing.T, *host)) {
	for _, address := range engines(t) {
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

const testImage = "reconciler-e2e"

// connect finds the engine and gives it the image.
func connect(t *testing.T, address string) *host {
	t.Helper()
	cli, err := client.NewClientWithOpts(client.WithHost(address), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cli.Close() })
	v, err := cli.ServerVersion(t.Context())
	if err != nil {
		t.Fatalf("engine %s: %v", address, err)
	}
	src, err := os.ReadFile(app)
	if err != nil {
		t.Fatal(err)
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Name: "app", Mode: 0o755, Size: int64(len(src))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(src); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rc, err := cli.ImageImport(t.Context(), image.ImportSource{Source: &layer, SourceName: "-"}, testImage, image.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	if _, err := io.Copy(io.Discard, rc); err != nil {
		t.Fatal(err)
	}
	return &host{cli, address, "API " + v.APIVersion, t}
}

var runs atomic.Int64

// unique is a name that no other test uses.
func unique(t *testing.T) string {
	return fmt.Sprintf("e2e%d-%d", os.Getpid(), runs.Add(1))
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
	conf := &container.Config{Image: testImage, Entrypoint: []string{"/app"}, Cmd: s.cmd}
	if s.project != "" {
		conf.Labels = map[string]string{"com.docker.compose.project": s.project, "com.docker.compose.service": s.service, "com.docker.compose.oneoff": "False"}
	}
	c, err := h.ContainerCreate(h.t.Context(), conf, &container.HostConfig{NetworkMode: "none", AutoRemove: s.remove,
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyMode(s.restart)}}, nil, nil, s.name)
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

// eventually waits until ok, and fails with what it saw last.
func eventually(t *testing.T, what string, ok func() (bool, string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
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
			t.Fatalf("%s: not within a minute; last seen: %s", what, last)
		}
	}
}
