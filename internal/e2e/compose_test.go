package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// compose returns docker compose of that version ("v5"), on the host's engine
// and the project of that folder; called, it returns the exit code and
// everything that is said. It skips the test where RECONCILER_TEST_COMPOSE
// doesn't name that version.
func (h *host) compose(version, dir string) func(args ...string) (code int, said string) {
	h.t.Helper()
	config := ""
	for _, pair := range strings.Fields(os.Getenv("RECONCILER_TEST_COMPOSE")) {
		if name, at, ok := strings.Cut(pair, "="); !ok {
			h.t.Fatalf("RECONCILER_TEST_COMPOSE has %q; want VERSION=FOLDER", pair)
		} else if name == version {
			config = at
		}
	}
	if config == "" {
		h.t.Skipf("no Compose %s: RECONCILER_TEST_COMPOSE has no %[1]s=FOLDER (hack/compose %[1]s prints one)", version)
	}
	// Settings of the caller's are for the caller's projects.
	env := slices.DeleteFunc(os.Environ(), func(s string) bool {
		return strings.HasPrefix(s, "COMPOSE_") || strings.HasPrefix(s, "DOCKER_")
	})
	env = append(env, "DOCKER_CONFIG="+config, "DOCKER_HOST="+h.address)
	return func(args ...string) (int, string) {
		h.t.Helper()
		cmd := exec.Command("docker", append([]string{"compose", "--progress", "plain"}, args...)...)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			h.t.Fatalf("docker compose %v: %v", args, err)
		}
		return cmd.ProcessState.ExitCode(), string(out)
	}
}

// onEachCompose runs the test on each engine with each Compose.
func onEachCompose(t *testing.T, test func(h *host, version string)) {
	onEach(t, func(t *testing.T, h *host) {
		for _, version := range []string{"v5", "v2"} {
			t.Run("Compose "+version, func(t *testing.T) {
				t.Parallel() // each has a project of its own
				test(&host{h.Client, h.address, h.version, t}, version)
			})
		}
	})
}

// rounds is how often a race is tried: RECONCILER_ROUNDS, else twice.
func rounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("RECONCILER_ROUNDS")
	if text == "" {
		return 2
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("RECONCILER_ROUNDS is %q; want a number from 1", text)
	}
	return n
}

// named are the containers that carry the name in theirs, by name: ID and state.
func (h *host) named(part string) map[string]string {
	h.t.Helper()
	list, err := h.ContainerList(h.t.Context(), container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("name", part))})
	h.must(err)
	all := make(map[string]string, len(list))
	for _, c := range list {
		all[strings.TrimPrefix(c.Names[0], "/")] = c.ID + " " + c.State
	}
	return all
}

// agrees waits until reconciler shows just these containers, and that all is as
// the file says.
func (d *daemon) agrees(want map[string]string) {
	d.t.Helper()
	eventually(d.t, fmt.Sprintf("converged with %v", want), func() (bool, string) {
		_, text := d.get("/v1/services")
		var o struct {
			Services []struct {
				Converged  bool
				Containers []struct{ ID, Name, State string }
			}
			Orphans []any
		}
		if err := json.Unmarshal([]byte(text), &o); err != nil || len(o.Orphans) > 0 {
			return false, text
		}
		have := make(map[string]string)
		for _, s := range o.Services {
			if !s.Converged {
				return false, text
			}
			for _, c := range s.Containers {
				have[c.Name] = c.ID + " " + c.State
			}
		}
		return maps.Equal(have, want), text
	})
}

// undisturbed fails if reconciler acted on one of the services.
func (d *daemon) undisturbed(services ...string) {
	d.t.Helper()
	var made []string
	for _, e := range d.events() {
		if e.Kind == "action" && slices.Contains(services, e.Service) {
			made = append(made, e.Verb+" "+e.Container)
		}
	}
	if len(made) > 0 {
		d.t.Fatalf("reconciler did what was Compose's to do: %q", made)
	}
}
