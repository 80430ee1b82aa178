package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"reconciler/engine/docker/dockertest"
)

// household is what runs on a host before reconciler comes: containers of one
// project, and others, in every state and style of name that can be made.
type household struct {
	project string
	ours    []string // IDs
	foreign []string
	ids     map[string]bool
}

func furnish(h *host) household {
	p := dockertest.Name()
	house := household{project: p, ids: map[string]bool{}}
	put := func(to *[]string, s spec, state string) {
		id := h.create(s)
		switch state {
		case "running":
			h.start(id)
		case "paused":
			h.start(id)
			h.must(h.ContainerPause(h.t.Context(), id))
		case "exited":
			h.start(id)
			eventually(h.t, s.name+" exited", func() (bool, string) { st := h.state(id); return st == "exited", st })
		case "stopped":
			h.start(id)
			h.must(h.ContainerStop(h.t.Context(), id, container.StopOptions{}))
		}
		*to = append(*to, id)
		house.ids[id] = true
	}
	exit := func(code string) []string { return []string{code} }
	mine := func(service, name string, cmd ...string) spec {
		return spec{name: name, project: p, service: service, cmd: cmd}
	}
	put(&house.ours, mine("web", p+"-web-1"), "running")
	put(&house.ours, mine("old", p+"_old_1"), "running") // Compose v1
	put(&house.ours, mine("two", p+"-two-1"), "running")
	put(&house.ours, mine("two", p+"-two-2"), "running")
	put(&house.ours, mine("part", p+"-part-1"), "running")
	put(&house.ours, mine("part", p+"-part-2", exit("0")...), "exited")
	put(&house.ours, mine("off", p+"-off-1"), "stopped")
	put(&house.ours, mine("failed", p+"-failed-1", exit("3")...), "exited")
	put(&house.ours, mine("fresh", p+"-fresh-1"), "created")
	put(&house.ours, mine("held", p+"-held-1"), "paused")
	put(&house.ours, spec{name: p + "-rm-1", project: p, service: "rm", remove: true}, "running")
	put(&house.ours, spec{name: p + "-loop-1", project: p, service: "loop", restart: "always"}, "running")
	for i, state := range []string{"running", "exited", "created", "paused", "running", "stopped", "running"} {
		cmd := []string(nil)
		if state == "exited" {
			cmd = exit("1")
		}
		put(&house.foreign, spec{name: fmt.Sprintf("%s-foreign%d", p, i), cmd: cmd}, state)
		put(&house.foreign, spec{name: fmt.Sprintf("%sx-web-%d", p, i+1), project: p + "x", service: "web", cmd: cmd}, state)
		put(&house.foreign, spec{name: fmt.Sprintf("web-%s-%d", p, i), project: "other" + p, service: "web", cmd: cmd}, state)
	}
	return house
}

func TestAFirstStartDoesNothingAndForeignContainersAreNeverTouched(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		house := furnish(h)
		file := filepath.Join(t.TempDir(), "state.yaml")
		if code, out := command(t, h.address, "init", "--project", house.project, "--state", file); code != 0 {
			t.Fatalf("init: exit %d\n%s", code, out)
		}
		if code, out := command(t, h.address, "plan", "--state", file); code != 0 {
			t.Fatalf("plan after init: exit %d\n%s", code, out)
		}
		if code, _ := command(t, h.address, "init", "--project", house.project, "--state", file); code != 2 {
			t.Fatalf("init over a file: exit %d, want 2", code)
		}
		before := make(map[string]string)
		for id := range house.ids {
			before[id] = h.fingerprint(id)
		}
		began := time.Now()
		d := run(t, h.address, file, "--resync", "1s")
		d.ready()
		// As often as a list's time allows: 200 of them, on a busy machine seconds.
		within(t, 5*time.Minute, "20 resyncs", func() (bool, string) {
			n := d.calls("list")
			return n >= 21, fmt.Sprint(n)
		})
		if done := h.happened(began, house.ids); len(done) > 0 {
			t.Errorf("somebody acted while all was as wanted: %q", done)
		}
		for id, was := range before {
			if now := h.fingerprint(id); now != was {
				t.Errorf("was %s\nnow %s", was, now)
			}
		}

		p := house.project
		if code, text := d.send("PUT", "/v1/services/off/state?wait=30s", `{"state":"running"}`); code != 200 {
			t.Fatalf("flip: %d %s", code, text)
		}
		h.must(h.ContainerKill(t.Context(), p+"-web-1", "KILL"))
		h.must(h.ContainerStop(t.Context(), p+"_old_1", container.StopOptions{}))
		h.start(p + "-failed-1") // exits by itself
		h.start(p + "-fresh-1")  // should be stopped
		for name, want := range map[string]string{p + "-web-1": "running", p + "_old_1": "running", p + "-off-1": "running", p + "-fresh-1": "exited"} {
			eventually(t, name+" "+want, func() (bool, string) { st := h.state(name); return st == want, st })
		}
		for _, id := range house.foreign {
			if now := h.fingerprint(id); now != before[id] {
				t.Errorf("a foreign container was touched: was %s\nnow %s", before[id], now)
			}
		}
		if code := d.end(syscall.SIGTERM); code != 0 {
			t.Errorf("ended by SIGTERM: exit %d", code)
		}
		if st := h.state(p + "-web-1"); st != "running" {
			t.Errorf("ending reconciler left web %s", st)
		}
		if strings.Contains(d.log.String(), "panic") {
			t.Error("it panicked")
		}
		t.Log("skipped here, shown in reconcile/plan/testdata: dead and removing, which no call to a real engine makes")
	})
}
