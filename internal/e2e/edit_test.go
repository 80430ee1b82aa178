package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"reconciler/engine/docker/dockertest"
)

const doc = `# kept to the byte
version: 1
project: PROJECT
services:
  web: "running"   # quoted
  job: completed
  db:
    state: stopped # long form
`

// project makes the containers of doc and returns the file.
func project(h *host) (name, file string) {
	p := dockertest.Name()
	h.start(h.create(spec{name: p + "-web-1", project: p, service: "web"}))
	job := h.create(spec{name: p + "-job-1", project: p, service: "job", cmd: []string{"0"}})
	h.start(job)
	eventually(h.t, "the job ended", func() (bool, string) { st := h.state(job); return st == "exited", st })
	h.create(spec{name: p + "-db-1", project: p, service: "db"})
	return p, write(h.t, strings.ReplaceAll(doc, "PROJECT", p))
}

func (h *host) becomes(name, want string) {
	h.t.Helper()
	eventually(h.t, name+" "+want, func() (bool, string) { st := h.state(name); return st == want, st })
}

func TestEveryWayToEditTheFileConverges(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		p, file := project(h)
		d := run(t, h.address, file)
		d.converged(1)

		if out, err := exec.Command("sed", "-i", "s/state: stopped/state: running/", file).CombinedOutput(); err != nil {
			t.Fatalf("sed: %v %s", err, out)
		}
		h.becomes(p+"-db-1", "running")
		d.converged(2)

		// A rename over it.
		text, err := os.ReadFile(file)
		h.must(err)
		h.must(os.WriteFile(file+".new", []byte(strings.Replace(string(text), `"running"`, `"stopped"`, 1)), 0o644))
		h.must(os.Rename(file+".new", file))
		h.becomes(p+"-web-1", "exited")
		d.converged(3)

		// Slowly, in place: what is half there must not count, though it is valid.
		text, err = os.ReadFile(file)
		h.must(err)
		slowly(t, file, strings.Replace(string(text), `"stopped"`, `"running"`, 1))
		h.becomes(p+"-web-1", "running")
		d.converged(4)
		if strings.Contains(d.log.String(), "state rejected") {
			t.Error("a half-written file was looked at")
		}

		before, err := os.ReadFile(file)
		h.must(err)
		if code, body := d.send("PUT", "/v1/services/db/state?wait=30s", `{"state":"stopped","reason":"test"}`); code != 200 {
			t.Fatalf("PUT: %d %s", code, body)
		}
		if st := h.state(p + "-db-1"); st != "exited" {
			t.Errorf("after an awaited PUT the container is %s", st)
		}
		after, err := os.ReadFile(file)
		h.must(err)
		if want := strings.Replace(string(before), "state: running", "state: stopped", 1); string(after) != want {
			t.Errorf("the file is\n%s\nwant\n%s", after, want)
		}
		if _, text := d.get("/v1/services/db"); !strings.Contains(text, `"generation": 5`) {
			t.Errorf("five accepted changes: %s", text)
		}
	})
}

// slowly writes line by line, as a slow editor does.
func slowly(t *testing.T, file, text string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for line := range strings.Lines(text) {
		if _, err := f.WriteString(line); err != nil {
			t.Fatal(err)
		}
		<-tick.C
	}
}

func TestKilledInTheMiddleItConvergesAgain(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		p, file := project(h)
		d := run(t, h.address, file)
		d.converged(1)
		if code, body := d.send("PUT", "/v1/services/db/state", `{"state":"running"}`); code != 200 && code != 202 {
			t.Fatalf("PUT: %d %s", code, body)
		}
		d.end(syscall.SIGKILL)
		d = run(t, h.address, file)
		h.becomes(p+"-db-1", "running")
		d.converged(2)
		list := h.happened(time.Now().Add(-time.Minute), map[string]bool{})
		if len(list) > 0 {
			t.Errorf("unexpected %v", list)
		}
	})
}

func TestTwoInstancesAndBadInputAreToldApart(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		file := write(t, "version: 1\nproject: none\nservices:\n  web: running\n")
		d := run(t, h.address, file)
		d.ready()
		if code, out := command(t, h.address, "run", "--state", file, "--listen", strings.TrimPrefix(d.url, "http://")); code != 3 || !strings.Contains(out, "in use") {
			t.Errorf("a second instance: exit %d, %s", code, out)
		}
		if code, out := command(t, h.address, "run", "--state", write(t, "version: 1\nproject: none\nservices: {}\n"), "--listen", strings.TrimPrefix(d.url, "http://")); code != 1 || !strings.Contains(out, "already") {
			t.Errorf("the address is taken: exit %d, %s", code, out)
		}
		if code, out := command(t, h.address, "run", "--state", file, "--listen", "0.0.0.0:0"); code != 2 || !strings.Contains(out, "--token-file") {
			t.Errorf("not loopback: exit %d, %s", code, out)
		}
		bad := write(t, "version: 1\nproject: p\nservices:\n  web: runing\n")
		if code, out := command(t, h.address, "run", "--state", bad, "--listen", freeAddress(t)); code != 2 || !strings.Contains(out, "state.yaml:4:8") {
			t.Errorf("a bad file: exit %d, %s", code, out)
		}
		_, text := d.get("/v1/services/web")
		if !strings.Contains(text, "ContainerMissing") || !strings.Contains(text, `"status": "missing"`) {
			t.Errorf("a listed service without a container: %s", text)
		}
	})
}

func TestABadEditChangesNothingAndIsTold(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		p, file := project(h)
		d := run(t, h.address, file)
		d.converged(1)
		good, err := os.ReadFile(file)
		h.must(err)
		was := h.fingerprint(p + "-web-1")
		h.must(os.WriteFile(file, []byte("version: 1\nproject: x\nservices: {web: stoped}\n"), 0o644))
		eventually(t, "not ready", func() (bool, string) {
			code, text := d.get("/readyz")
			return code == 503 && strings.Contains(text, "state.yaml:3:17"), text
		})
		reload := func(want float64) {
			t.Helper()
			eventually(t, fmt.Sprint("state_last_reload_successful ", want), func() (bool, string) {
				got := d.metric("reconciler_state_last_reload_successful")
				return got == want, fmt.Sprint(got)
			})
		}
		reload(0)
		if code, body := d.send("PUT", "/v1/services/db/state", `{"state":"running"}`); code != 409 || !strings.Contains(body, "state_invalid") {
			t.Errorf("a flip over a bad file: %d %s", code, body)
		}
		if now := h.fingerprint(p + "-web-1"); now != was {
			t.Errorf("a bad file had an effect: %s", now)
		}
		h.must(os.WriteFile(file, good, 0o644))
		d.ready()
		reload(1)
	})
}

func TestIdleCostsOnlyTheResyncAndADriftThreeCalls(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		p, file := project(h)
		d := run(t, h.address, file, "--resync", "5m")
		d.converged(1)
		count := func() [4]float64 {
			return [4]float64{d.calls("list"), d.calls("inspect"), d.calls("start"), d.calls("[a-z]+")}
		}
		before := count()
		h.must(h.ContainerKill(t.Context(), p+"-web-1", "KILL"))
		h.becomes(p+"-web-1", "running")
		eventually(t, "all calls made", func() (bool, string) { return d.calls("inspect") == before[1]+2, d.log.String() })
		d.converged(1)
		after := count()
		if got := [4]float64{after[0] - before[0], after[1] - before[1], after[2] - before[2], after[3] - before[3]}; got != [4]float64{0, 2, 1, 3} {
			t.Errorf("a drift cost list, inspect, start, all: %v; want 0 2 1 3", got)
		}
		d.end(syscall.SIGTERM)

		d = run(t, h.address, file, "--resync", "1s")
		d.converged(1)
		// Not the difference of all calls and the lists: each is a scrape of its own,
		// and a list may come between two.
		others := func() float64 { return d.calls("(?:[a-km-z][a-z]*|logs)") }
		lists, quiet := d.calls("list"), others()
		eventually(t, "five resyncs", func() (bool, string) { return d.calls("list") >= lists+5, "" })
		if more := others() - quiet; more != 0 {
			t.Errorf("idle cost %v calls more than its lists", more)
		}
	})
}
