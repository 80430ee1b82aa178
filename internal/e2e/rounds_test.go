package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"reconciler/engine/docker/dockertest"
)

// A project with all that Compose treats in its own way: a job, which it runs
// again whenever it likes, a dependent that it stops first and starts last, and
// two replicas.
const composed = `name: PROJECT
x-app: &app {image: IMAGE, entrypoint: [/app], pull_policy: never, network_mode: none, restart: POLICY}
services:
  db:
    <<: *app
    healthcheck: {test: [CMD, /app, "0"], interval: 1s}
  cache:
    <<: *app
  migrate:
    <<: *app
    restart: "no"
    command: ["0"]
    depends_on: {db: {condition: service_healthy}}
  web:
    <<: *app
    restart: "no"
    deploy: {replicas: 2}
    depends_on: {db: {condition: service_healthy, restart: true}, migrate: {condition: service_completed_successfully}}
`

// Whom is waited for longer than Compose takes must not be acted on at all; web
// may be, in the middle of Compose's work.
const composedState = `version: 1
project: PROJECT
services:
  db: {state: running, settle: 60s}
  cache: {state: running, settle: 60s}
  migrate: {job: true, state: completed, settle: 60s}
  web: running
`

// composition is a project that Compose made and that a reconciler runs.
type composition struct {
	*host
	d       *daemon
	name    string
	compose func(args ...string) (int, string)
}

// composition makes a project by Compose and runs a reconciler on it; policy is the
// restart policy of what depends on nothing.
func (h *host) composition(version, policy string) *composition {
	h.t.Helper()
	p, dir := dockertest.Name(), h.t.TempDir()
	fill := strings.NewReplacer("PROJECT", p, "IMAGE", dockertest.Image, "POLICY", policy)
	file := filepath.Join(dir, "state.yaml")
	h.must(os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(fill.Replace(composed)), 0o644))
	h.must(os.WriteFile(file, []byte(fill.Replace(composedState)), 0o644))
	it := &composition{host: h, name: p, compose: h.compose(version, dir)}
	h.t.Cleanup(func() { it.compose("down", "--timeout", "1", "--remove-orphans") })
	it.do("up", "--detach")
	it.d = run(h.t, h.address, file)
	return it
}

// do runs Compose, which must succeed whatever reconciler does meanwhile.
func (p *composition) do(args ...string) {
	p.t.Helper()
	if code, said := p.compose(args...); code != 0 {
		p.t.Fatalf("docker compose %v: exit %d\n%s", args, code, said)
	}
}

// settled waits until all is as it should be, with no container too many and
// no leftover of a name, and reconciler says so; it returns what there is.
func (p *composition) settled(after string) map[string]string {
	p.t.Helper()
	want := []string{"cache-1", "db-1", "migrate-1", "web-1", "web-2"}
	var now map[string]string
	eventually(p.t, "all as it should be after "+after, func() (bool, string) {
		now = p.named(p.name)
		ok := len(now) == len(want)
		for _, name := range want {
			state := "running"
			if name == "migrate-1" {
				state = "exited"
			}
			ok = ok && strings.HasSuffix(now[p.name+"-"+name], " "+state)
		}
		return ok, fmt.Sprint(now)
	})
	p.d.agrees(now)
	return now
}

// starts are how often reconciler started something, by the metric.
func (p *composition) starts() float64 {
	p.t.Helper()
	return p.d.metric(`reconciler_actions_total\{[^}]*verb="start"[^}]*\}`)
}

// paused pauses everything that runs, for as long as it takes reconciler to see
// it.
func (p *composition) paused() {
	p.t.Helper()
	running := []string{"cache-1", "db-1", "web-1", "web-2"}
	for _, name := range running {
		p.must(p.ContainerPause(p.t.Context(), p.name+"-"+name))
	}
	for _, service := range []string{"cache", "db", "web"} {
		eventually(p.t, service+" shown as paused", func() (bool, string) {
			status, _, message := p.d.said(service)
			return status == "paused", status + ": " + message
		})
	}
	for _, name := range running {
		p.must(p.ContainerUnpause(p.t.Context(), p.name+"-"+name))
	}
}

// updated does what the updaters of images do (Watchtower): it
// takes the container away, by force, and makes the same again.
func (p *composition) updated(replica string) {
	p.t.Helper()
	name := p.name + "-" + replica
	old, err := p.ContainerInspect(p.t.Context(), name)
	p.must(err)
	p.must(p.ContainerStop(p.t.Context(), old.ID, container.StopOptions{}))
	p.must(p.ContainerRemove(p.t.Context(), old.ID, container.RemoveOptions{Force: true}))
	made, err := p.ContainerCreate(p.t.Context(), old.Config, old.HostConfig, nil, nil, name)
	p.must(err)
	p.must(p.ContainerStart(p.t.Context(), made.ID, container.StartOptions{}))
}

func TestOthersAreLeftToFinishTheirWork(t *testing.T) {
	onEachCompose(t, func(h *host, version string) {
		t, p := h.t, h.composition(version, `"no"`)
		before := p.settled("up")
		all := []string{"cache-1", "db-1", "migrate-1", "web-1", "web-2"}
		work := []struct {
			name     string
			do       func()
			replaced []string // get a new container, and no others
		}{
			{"restart", func() { p.do("restart") }, nil},
			{"up --force-recreate", func() { p.do("up", "--detach", "--force-recreate") }, all},
			{"stop and start", func() { p.do("stop"); p.do("start") }, nil},
			{"down and up", func() { p.do("down"); p.do("up", "--detach") }, all},
			{"pause and unpause", p.paused, nil},
			{"an image updater", func() { p.updated("cache-1"); p.updated("web-2") }, []string{"cache-1", "web-2"}},
		}
		for round := range rounds(t) {
			for _, w := range work {
				w.do()
				now := p.settled(w.name)
				for name := range before {
					want := slices.Contains(w.replaced, strings.TrimPrefix(name, p.name+"-"))
					if replaced := now[name] != before[name]; replaced != want {
						t.Fatalf("round %d: after %s %s is %s, was %s", round+1, w.name, name, now[name], before[name])
					}
				}
				before = now
			}
			p.d.undisturbed("db", "cache", "migrate")
		}
		limit := 2 * 5 * rounds(t) // each of the two replicas at most once in each of the others' works
		if n := p.starts(); n > float64(limit) {
			t.Errorf("reconciler started something %g times in %d rounds", n, rounds(t))
		} else {
			t.Logf("%d rounds; reconciler's own starts: %g", rounds(t), n)
		}
	})
}

// TestAnEngineThatRestartsDoublesNothing: without live-restore everything dies
// with the engine; what has the policy comes back by itself, and the rest is
// started once, after what it depends on. With it everything runs on, and
// nothing is done.
func TestAnEngineThatRestartsDoublesNothing(t *testing.T) {
	onEachPrivate(t, func(t *testing.T, current bool) {
		for _, live := range []bool{false, true} {
			t.Run(fmt.Sprintf("live-restore %t", live), func(t *testing.T) {
				t.Parallel()
				engineRestarts(t, current, live)
			})
		}
	})
}

func engineRestarts(t *testing.T, current, live bool) {
	dir := shortDir(t)
	if err := os.WriteFile(filepath.Join(dir, "daemon.json"), fmt.Appendf(nil, `{"live-restore": %t}`, live), 0o644); err != nil {
		t.Fatal(err)
	}
	h := connect(t, private(t, dir, current))
	p := h.composition("v5", "always")
	before := p.settled("up")
	prints := func() map[string]string {
		all := make(map[string]string)
		for name := range before {
			all[name] = h.fingerprint(name)
		}
		return all
	}
	was := prints()
	for round := range rounds(t) {
		signal, began := syscall.SIGTERM, p.starts()
		if round%2 == 1 {
			signal = syscall.SIGKILL
		}
		killEngine(t, dir, signal)
		eventually(t, "not ready", func() (bool, string) { code, text := p.d.get("/readyz"); return code == 503, text })
		private(t, dir, current)
		p.d.ready()
		now, then := p.settled(fmt.Sprint(signal)), prints()
		if !maps.Equal(now, before) {
			t.Fatalf("round %d, %s: there are %v, were %v", round+1, signal, now, before)
		}
		if job := p.name + "-migrate-1"; then[job] != was[job] {
			t.Fatalf("round %d, %s: the finished job ran again: %s, was %s", round+1, signal, then[job], was[job])
		}
		made := p.starts() - began
		switch {
		case live && (made > 0 || !maps.Equal(then, was)):
			t.Fatalf("round %d, %s: %g starts, and\n%v, was\n%v", round+1, signal, made, then, was)
		case !live && made != 2: // the replicas of web
			t.Fatalf("round %d, %s: %g starts, want 2", round+1, signal, made)
		case !live:
			p.inOrder("db-1", "web-1", "web-2")
		}
		was = then
	}
	t.Logf("%d rounds; reconciler's own starts: %g", rounds(t), p.starts())
}

// inOrder fails unless the first was started before the others.
func (p *composition) inOrder(first string, others ...string) {
	p.t.Helper()
	started := func(name string) time.Time {
		at, _ := p.times(p.name + "-" + name)
		return at
	}
	began := started(first)
	for _, name := range others {
		if at := started(name); !began.Before(at) {
			p.t.Errorf("%s started at %s, and %s, which it needs, at %s", name, at, first, began)
		} else {
			p.t.Logf("%s started %s after %s", name, at.Sub(began), first)
		}
	}
}
