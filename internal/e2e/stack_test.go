package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"

	"reconciler/engine/docker/dockertest"
)

// stack is the example's three containers, and the three that they show, under
// a name of the test's own.
type stack struct {
	*host
	name, files       string
	panel, prometheus string // addresses
	image             string
}

func newStack(h *host) *stack {
	h.t.Helper()
	name := dockertest.Name()
	dir, err := os.MkdirTemp("", "st") // a short name: the path of a socket may have 107 bytes
	h.must(err)
	h.t.Cleanup(func() { os.RemoveAll(dir) })
	s := &stack{
		host: h, name: name, files: filepath.Join(dir, "run"), panel: freeAddress(h.t), prometheus: freeAddress(h.t),
		image: name + "-reconciler",
	}
	s.build()
	h.t.Cleanup(func() {
		if out, err := s.try(context.Background(), "down"); err != nil {
			h.t.Errorf("stack down: %v\n%s", err, out)
		}
		for _, made := range []string{s.image, name + "-frontend", name + "-example"} {
			_, _ = h.ImageRemove(context.Background(), made, image.RemoveOptions{Force: true, PruneChildren: true})
		}
	})
	return s
}

// build makes reconciler's image of the binary under test.
func (s *stack) build() {
	s.t.Helper()
	dir := s.t.TempDir()
	src, err := os.ReadFile(binary)
	s.must(err)
	s.must(os.Mkdir(filepath.Join(dir, "bin"), 0o755))
	s.must(os.WriteFile(filepath.Join(dir, "bin", "reconciler"), src, 0o755))
	cmd := exec.CommandContext(s.t.Context(), "docker", "build", "-q", "-t", s.image, "-f", "../../Dockerfile", dir)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+s.address, "DOCKER_BUILDKIT=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("build the image: %v\n%s", err, out)
	}
}

// bridged skips where the engine has no bridge.
func (h *host) bridged() {
	h.t.Helper()
	if _, err := h.NetworkInspect(h.t.Context(), "bridge", network.InspectOptions{}); err != nil {
		h.t.Skipf("the engine has no bridge, so it publishes no port: %v", err)
	}
}

// try runs examples/tg2em/stack and returns what it says.
func (s *stack) try(ctx context.Context, args ...string) (string, error) {
	return s.script(ctx, "stack", args...)
}

func (s *stack) script(ctx context.Context, name string, args ...string) (string, error) {
	port := func(address string) string { return address[strings.LastIndex(address, ":")+1:] }
	cmd := exec.CommandContext(ctx, "../../examples/tg2em/"+name, args...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+s.address, "TG2EM_NAME="+s.name, "TG2EM_FILES="+s.files,
		"TG2EM_PORT="+port(s.panel), "TG2EM_PROMETHEUS_PORT="+port(s.prometheus), "RECONCILER_IMAGE="+s.image)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (s *stack) do(args ...string) string {
	s.t.Helper()
	out, err := s.try(s.t.Context(), args...)
	if err != nil {
		s.t.Fatalf("stack %v: %v\n%s", args, err, out)
	}
	return out
}

// press posts a form of the panel, as a browser does.
func (s *stack) press(path string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://"+s.panel+path, nil)
	s.must(err)
	req.Header.Set("Origin", "http://"+s.panel)
	res, err := http.DefaultTransport.RoundTrip(req)
	s.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	s.must(err)
	if res.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("POST %s: %s\n%s", path, res.Status, text)
	}
}

// shows waits until the panel says that the services are so.
func (s *stack) shows(want map[string]string) {
	s.t.Helper()
	eventually(s.t, fmt.Sprint("the panel shows ", want), func() (bool, string) {
		res, err := http.Get("http://" + s.panel + "/admin/services/status")
		if err != nil {
			return false, err.Error()
		}
		defer res.Body.Close()
		var all map[string]struct{ Status string }
		if err := json.NewDecoder(res.Body).Decode(&all); err != nil {
			return false, err.Error()
		}
		for name, status := range want {
			if all[name].Status != status {
				return false, fmt.Sprint(all)
			}
		}
		return true, ""
	})
}

// scraped waits until Prometheus says that the service is in that state.
func (s *stack) scraped(service, state string) {
	s.t.Helper()
	query := fmt.Sprintf(`reconciler_service_state{service=%q,state=%q} == 1`, service, state)
	eventually(s.t, "Prometheus says "+query, func() (bool, string) {
		res, err := http.Get("http://" + s.prometheus + "/api/v1/query?query=" + url.QueryEscape(query))
		if err != nil {
			return false, err.Error()
		}
		defer res.Body.Close()
		src, err := io.ReadAll(res.Body)
		return err == nil && strings.Contains(string(src), `"service":"`+service+`"`), string(src)
	})
}

// left are the containers and networks that carry the stack's name.
func (s *stack) left() []string {
	s.t.Helper()
	var all []string
	containers, err := s.ContainerList(s.t.Context(), container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("name", s.name+"-"))})
	s.must(err)
	for _, c := range containers {
		all = append(all, c.Names[0]+" "+c.ID)
	}
	networks, err := s.NetworkList(s.t.Context(), network.ListOptions{Filters: filters.NewArgs(filters.Arg("name", s.name+"-"))})
	s.must(err)
	for _, n := range networks {
		all = append(all, n.Name+" "+n.ID)
	}
	slices.Sort(all)
	return all
}

// keptFromTheEngine fails if the container can reach the engine.
func (s *stack) keptFromTheEngine(name string) {
	s.t.Helper()
	c, err := s.ContainerInspect(s.t.Context(), s.name+"-"+name)
	s.must(err)
	socket := strings.TrimPrefix(s.address, "unix://")
	for _, m := range c.Mounts {
		if m.Source == "/" || strings.HasPrefix(socket, m.Source+"/") || m.Source == socket || filepath.Clean(m.Source) == "/run" {
			s.t.Errorf("%s has %s", name, m.Source)
		}
	}
	if c.HostConfig.Privileged || c.HostConfig.NetworkMode == "host" {
		s.t.Errorf("%s is privileged, or on the host's network", name)
	}
}

func TestPanelPrometheusAndReconcilerAreThreeContainers(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		h.bridged()
		for variant, up := range map[string][]string{"socket": {"up"}, "token": {"up", "--token"}} {
			t.Run(variant, func(t *testing.T) {
				s := newStack(&host{h.Client, h.address, h.version, t})
				said := s.do(up...)
				for _, flag := range []string{"--plain-http", "insecure", ":admin", "--privileged", "--network host"} {
					if strings.Contains(said, flag) {
						t.Errorf("%s:\n%s", flag, said)
					}
				}
				s.shows(map[string]string{"frontend": "running", "tgstate": "running", "scraper": "stopped"})
				s.keptFromTheEngine("frontend")
				s.keptFromTheEngine("prometheus")
				s.healthy()

				s.press("/admin/services/tgstate/stop")
				s.becomes(s.name+"-tgstate", "exited")
				s.scraped("tgstate", "stopped")
				s.press("/admin/groups/business/start")
				s.becomes(s.name+"-tgstate", "running")
				s.becomes(s.name+"-tg2em-scrape", "running")
				s.scraped("scraper", "running")
				s.sameCommands(variant, said)
				if variant == "socket" {
					s.byHand()
				}

				before := fmt.Sprint(s.left())
				s.do(up...)
				if after := fmt.Sprint(s.left()); after != before || !strings.Contains(after, "-metrics") {
					t.Errorf("up a second time: %s, was %s", after, before)
				}
				other := []string{"up", "--token"}
				if variant == "token" {
					other = other[:1]
				}
				if out, err := s.try(t.Context(), other...); err == nil || !strings.Contains(out, "down first") {
					t.Errorf("%v over the other: %v\n%s", other, err, out)
				}
				s.do("down")
				if left := s.left(); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
				if _, err := os.Stat(s.files); !os.IsNotExist(err) {
					t.Errorf("left: %s, %v", s.files, err)
				}
			})
		}
	})
}

// healthy asks as the engine's healthcheck does, which begins after 30 s only.
func (s *stack) healthy() {
	s.t.Helper()
	c, err := s.ContainerInspect(s.t.Context(), s.name+"-reconciler")
	s.must(err)
	if c.Config.Healthcheck == nil || len(c.Config.Healthcheck.Test) < 2 || c.Config.Healthcheck.Test[0] != "CMD" {
		s.t.Fatalf("the image has no healthcheck: %+v", c.Config.Healthcheck)
	}
	cmd := exec.CommandContext(s.t.Context(), "docker", append([]string{"exec", s.name + "-reconciler"}, c.Config.Healthcheck.Test[1:]...)...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+s.address)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Errorf("the healthcheck: %v\n%s", err, out)
	}
}

func TestTheStackMixesWithNoContainersOfOthers(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		s := newStack(h)
		theirs := h.create(spec{name: s.name + "-tgstate"})
		if out, err := s.try(t.Context(), "up"); err == nil || !strings.Contains(out, "docker rm -f "+s.name+"-tgstate") {
			t.Errorf("up over a container that is there: %v\n%s", err, out)
		}
		s.do("down")
		if left := s.left(); len(left) != 1 || !strings.HasSuffix(left[0], theirs) {
			t.Errorf("left: %v; want theirs alone", left)
		}
	})
}

// As make run does, also where ports can't be published.
func TestTheExampleIsMadeOnAnyEngineAndOnce(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		s := newStack(h)
		t.Cleanup(s.remove)
		for range 2 {
			if out, err := s.script(t.Context(), "up"); err != nil {
				t.Fatalf("up: %v\n%s", err, out)
			}
		}
		for _, service := range []string{"frontend", "tgstate", "tg2em-scrape"} {
			if st := s.state(s.name + "-" + service); st != "created" {
				t.Errorf("%s is %s", service, st)
			}
		}
		s.keptFromTheEngine("frontend")
		s.start(s.name + "-frontend")
		s.becomes(s.name+"-frontend", "running")

		// What it has mounted is the old folder: git clean, then make run.
		h.must(os.RemoveAll(filepath.Join(s.files, "socket")))
		if out, err := s.script(t.Context(), "up"); err != nil || !strings.Contains(out, "docker restart "+s.name+"-frontend") {
			t.Errorf("up, the folder was removed: %v\n%s", err, out)
		}
	})
}

// remove removes what up made: stack removes only what it made itself.
func (s *stack) remove() {
	for _, service := range []string{"frontend", "tgstate", "tg2em-scrape"} {
		_ = s.ContainerRemove(context.Background(), s.name+"-"+service, container.RemoveOptions{Force: true})
	}
	_ = s.NetworkRemove(context.Background(), s.name+"-panel")
}
