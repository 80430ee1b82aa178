package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"reconciler/engine/docker/dockertest"
)

// stage is what a fault of the catalogue happens to: a project of which web and
// db should run, and off shouldn't, a container of nobody's beside it, and the
// reconciler that keeps it. What it holds each row to is in over.
type stage struct {
	*host
	project, file string
	d             *daemon
	foreign       string // the fingerprint
	id            map[string]string

	fds, goroutines float64
}

// staged makes the containers, as the file says, and no reconciler yet. more
// is what else the file says, from "defaults:" on; always are those that the
// engine restarts, too.
func staged(h *host, more string, always ...string) *stage {
	h.t.Helper()
	s := &stage{host: h, project: dockertest.Name(), id: map[string]string{}}
	for _, service := range []string{"web", "db", "off"} {
		policy := ""
		if slices.Contains(always, service) {
			policy = "always"
		}
		s.id[service] = h.create(spec{name: s.container(service), project: s.project, service: service, restart: policy})
	}
	s.id["foreign"] = h.create(spec{name: "foreign-" + s.project})
	for _, name := range []string{"web", "db", "foreign"} {
		h.start(s.id[name])
	}
	s.foreign = h.fingerprint(s.id["foreign"])
	s.file = write(h.t, "version: 1\nproject: "+s.project+"\n"+more+"services: {web: running, db: running, off: stopped}\n")
	return s
}

// also lists more services: "page: running".
func (s *stage) also(services ...string) {
	s.t.Helper()
	text, err := os.ReadFile(s.file)
	s.must(err)
	more := strings.Join(append([]string{"off: stopped"}, services...), ", ")
	s.must(os.WriteFile(s.file, []byte(strings.Replace(string(text), "off: stopped", more, 1)), 0o644))
}

func (s *stage) container(service string) string { return s.project + "-" + service + "-1" }

// keep runs the reconciler on the engine at that address, and waits for keeps.
func (s *stage) keep(address string, more ...string) {
	s.t.Helper()
	s.d = run(s.t, address, s.file, append([]string{"--resync", "1s"}, more...)...)
	s.keeps()
}

// keeps waits until all is as the file says. The reconciler has done nothing then.
func (s *stage) keeps() {
	s.t.Helper()
	s.d.ready()
	s.d.converged(1)
	s.fds, s.goroutines = s.d.metric("process_open_fds"), s.d.metric("go_goroutines")
	s.did()
}

// did waits until reconciler did that much so far, and holds it to this, and to
// nothing else: "start web".
func (s *stage) did(want ...string) {
	s.t.Helper()
	var got []string
	eventually(s.t, fmt.Sprintf("it did %q", want), func() (bool, string) {
		got = s.d.actions()
		return len(got) >= len(want), fmt.Sprintf("%q", got)
	})
	if !slices.Equal(got, want) {
		s.t.Errorf("it did %q, want %q", got, want)
	}
}

// actions are the calls that it made, in order, with "failed" behind those that
// did.
func (d *daemon) actions() []string {
	d.t.Helper()
	var all []string
	for _, e := range d.events() {
		if e.Kind != "action" {
			continue
		}
		text := e.Verb + " " + e.Service
		if e.Outcome != "ok" {
			text += " " + e.Outcome
		}
		all = append(all, text)
	}
	return all
}

// event is what is read of an entry of the history.
type event struct{ Kind, Service, Verb, Container, Outcome string }

// events are those that it tells.
func (d *daemon) events() []event {
	d.t.Helper()
	req, err := http.NewRequest("GET", d.url+"/v1/events", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	var o struct{ Events []event }
	if err := json.NewDecoder(res.Body).Decode(&o); err != nil || len(o.Events) == 0 {
		d.t.Fatalf("events: %s, %d of them, %v", res.Status, len(o.Events), err)
	}
	return o.Events
}

// tells waits until it is not ready, live all the same, and why has these words.
// Then every status is unknown and the metric says so too.
func (d *daemon) tells(words ...string) {
	d.t.Helper()
	eventually(d.t, fmt.Sprintf("told %q", words), func() (bool, string) {
		code, text := d.get("/readyz")
		return code == 503 && containsAll(text, words), text
	})
	if code, text := d.get("/healthz"); code != 200 {
		d.t.Errorf("not live: %d %s", code, text)
	}
	_, text := d.get("/v1/services?status=unknown")
	if d.metric("reconciler_engine_up") != 0 || strings.Count(text, `"status": "unknown"`) == 0 {
		d.t.Errorf("engine_up %v; unknown are %s", d.metric("reconciler_engine_up"), text)
	}
}

func containsAll(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
}

// over is what every fault's end is held to: all is as the file says again,
// and nothing was done but this.
func (s *stage) over(did ...string) {
	s.t.Helper()
	s.did(did...)
	s.well()
	s.did(did...)
}

// well waits until all is as the file said at first, and holds it to that the
// foreign container was not touched and nothing is left open.
func (s *stage) well() {
	s.t.Helper()
	s.d.ready()
	s.d.converged(1)
	if now := s.fingerprint(s.id["foreign"]); now != s.foreign {
		s.t.Errorf("the foreign container was %s, is %s", s.foreign, now)
	}
	for service, want := range map[string]string{"web": "running", "db": "running"} {
		if st := s.state(s.container(service)); st != want {
			s.t.Errorf("%s is %s", service, st)
		}
	}
	if st := s.state(s.container("off")); st == "running" {
		s.t.Error("off runs")
	}
	eventually(s.t, "nothing left open", func() (bool, string) {
		fds, goroutines := s.d.metric("process_open_fds"), s.d.metric("go_goroutines")
		return fds <= s.fds+6 && goroutines <= s.goroutines+12,
			fmt.Sprintf("%v files, before %v; %v goroutines, before %v", fds, s.fds, goroutines, s.goroutines)
	})
}
