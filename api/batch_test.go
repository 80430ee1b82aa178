package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"reconciler/api/wire"
	"reconciler/reconcile"
)

const grouped = `version: 1
project: shop
groups:
  all: [web, db, migrate]
  none: []
services:
  web: running
  db: stopped
  migrate: {job: true, state: stopped}
  state: stopped
`

// batchOf returns the answer as a batch, and the names of its services.
func batchOf(t *testing.T, answer *httptest.ResponseRecorder) (b wire.Batch, services []string) {
	t.Helper()
	if err := json.Unmarshal(answer.Body.Bytes(), &b); err != nil || b.Services == nil || b.Skipped == nil || b.Warnings == nil {
		t.Fatalf("%d is no batch (%v): %s", answer.Code, err, answer.Body)
	}
	for _, n := range b.Services {
		services = append(services, n.Name)
	}
	return b, services
}

func TestABatchIsOneRevisionOrNone(t *testing.T) {
	for _, c := range []struct {
		name              string
		target, body      string
		kind              string
		code              int
		now               []string // what the file then holds; none: it is as it was
		services, skipped []string
		says              string
	}{
		{
			"a group, as text", "/v1/groups/all/state", "running", "text/plain", 202,
			[]string{"web: running", "db: running", "migrate: {job: true, state: completed}"},
			[]string{"web", "db", "migrate"},
			nil, "",
		},
		{
			"a group, as JSON", "/v1/groups/all/state", `{"state":"stopped","reason":"night"}`, "application/json", 202,
			[]string{"web: stopped"},
			[]string{"web", "db", "migrate"},
			nil, "",
		},
		{
			"a group of which some are no jobs", "/v1/groups/all/state", "completed", "text/plain", 202,
			[]string{"migrate: {job: true, state: completed}"},
			[]string{"migrate"},
			[]string{"web", "db"},
			"no job",
		},
		{"an empty group", "/v1/groups/none/state", "running", "text/plain", 200, nil, nil, nil, ""},
		{
			"named ones", "/v1/services/state", `{"db":"running","web":"stopped"}`, "application/json", 202,
			[]string{"db: running", "web: stopped"},
			[]string{"web", "db"},
			nil, "",
		},
		{"named ones, as they are", "/v1/services/state", `{"db":"stopped"}`, "application/json", 200, nil, []string{"db"}, nil, ""},
		{
			"a job that should run", "/v1/services/state", `{"migrate":"running"}`, "application/json", 202,
			[]string{"migrate: {job: true, state: completed}"},
			[]string{"migrate"},
			nil, "",
		},
		{"one that is called state", "/v1/services/state/state", "running", "text/plain", 202, []string{"state: running"}, nil, nil, ""},

		{"no group", "/v1/groups/al/state", "running", "text/plain", 404, nil, nil, nil, `did you mean "all"`},
		{"a group of a hostile name", "/v1/groups/a%0a%1b%5b2J/state", "running", "text/plain", 404, nil, nil, nil, `"a\n\x1b[2J"`},
		{"a group and no state", "/v1/groups/all/state", "", "", 400, nil, nil, nil, "which state"},
		{"a group and a wrong state", "/v1/groups/all/state", "halted", "text/plain", 422, nil, nil, nil, "halted"},
		{"a group that should be gone", "/v1/groups/all/state", "absent", "text/plain", 422, nil, nil, nil, "absent"},
		{"a wrong one among good ones", "/v1/services/state", `{"db":"running","wbe":"stopped"}`, "application/json", 404, nil, nil, nil, `did you mean "web"`},
		{"a wrong state among good ones", "/v1/services/state", `{"db":"running","web":"completed"}`, "application/json", 422, nil, nil, nil, "no job"},
		{"no state among good ones", "/v1/services/state", `{"db":"running","web":""}`, "application/json", 422, nil, nil, nil, "web"},
		{"null among good ones", "/v1/services/state", `{"db":"running","web":null}`, "application/json", 422, nil, nil, nil, "web"},
		{"nobody", "/v1/services/state", `{}`, "application/json", 400, nil, nil, nil, "which services"},
		{"nothing", "/v1/services/state", `null`, "application/json", 400, nil, nil, nil, "no object"},
		{"a list", "/v1/services/state", `["web"]`, "application/json", 400, nil, nil, nil, "JSON"},
		{"more than a state", "/v1/services/state", `{"web":{"state":"stopped"}}`, "application/json", 400, nil, nil, nil, "JSON"},
		{"named ones as text", "/v1/services/state", `web=stopped`, "text/plain", 415, nil, nil, nil, "application/json"},
		{"no body", "/v1/services/state", "", "", 415, nil, nil, nil, "application/json"},
		{"too many", "/v1/services/state", `{"` + strings.Repeat("a", maxBody) + `":"running"}`, "application/json", 413, nil, nil, nil, "1048576"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := worldOf(t, grouped)
			answer := w.ask("PUT", c.target, c.body, "Content-Type", c.kind)
			if answer.Code != c.code {
				t.Fatalf("%d %s", answer.Code, answer.Body)
			}
			src := string(w.state.snap.Document.Source)
			for _, line := range c.now {
				if !strings.Contains(src, line) {
					t.Errorf("the file lacks %q:\n%s", line, src)
				}
			}
			if generation := w.state.snap.Generation; len(c.now) > 0 && generation != 8 || len(c.now) == 0 && (generation != 7 || src != grouped) {
				t.Errorf("generation %d of\n%s", generation, src)
			}
			if c.code >= 400 {
				if p := problemOf(t, answer); !strings.Contains(p.Detail, c.says) {
					t.Errorf("%q doesn't say %q", p.Detail, c.says)
				}
				return
			}
			if strings.HasSuffix(c.target, "/state/state") {
				return // it answers with the service
			}
			b, services := batchOf(t, answer)
			if b.Generation != w.state.snap.Generation || !slices.Equal(services, c.services) || !slices.Equal(b.Skipped, c.skipped) ||
				!strings.Contains(strings.Join(b.Warnings, "\n"), c.says) || len(b.Warnings) != len(c.skipped) {
				t.Errorf("%+v", b)
			}
		})
	}
}

// TestAServiceMayBeCalledState: the batch takes only the PUT.
func TestAServiceMayBeCalledState(t *testing.T) {
	var n reconcile.Tracked
	answer := worldOf(t, grouped).ask("GET", "/v1/services/state", "")
	if err := json.Unmarshal(answer.Body.Bytes(), &n); err != nil || answer.Code != http.StatusOK || n.Name != "state" {
		t.Errorf("%d %v: %s", answer.Code, err, answer.Body)
	}
}

// TestABatchIsWaitedForUntilAllNamedAreAsWanted, and no other is waited for.
func TestABatchIsWaitedForUntilAllNamedAreAsWanted(t *testing.T) {
	for _, c := range []struct {
		name  string
		left  bool // db stalls, instead of doing as asked
		code  int
		gone  string // leaves the file meanwhile
		warns bool
	}{
		{"all are", false, 200, "", false},
		{"one can't be", true, 202, "", false},
		{"one leaves the file", false, 200, "web", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := worldOf(t, grouped)
				answered := w.patient(t.Context(), "PUT", "/v1/services/state?wait=1m", `{"web":"stopped","db":"running"}`)
				synctest.Wait()
				w.loop.change("web", func(n *reconcile.Tracked) { n.ObservedGeneration = 8 })
				synctest.Wait()
				select {
				case answer := <-answered:
					t.Fatalf("answered before db was looked at: %d %s", answer.Code, answer.Body)
				default:
				}
				if c.gone != "" {
					w.loop.forget(c.gone)
				}
				w.loop.change("db", func(n *reconcile.Tracked) {
					if n.ObservedGeneration = 8; c.left {
						n.Converged, n.Conditions = false, stalled("ContainerMissing")
					}
				})
				answer := <-answered
				b, _ := batchOf(t, answer)
				if answer.Code != c.code || b.Generation != 8 || (len(b.Warnings) > 0) != c.warns {
					t.Errorf("%d %+v", answer.Code, b)
				}
			})
		})
	}
}

func TestAWholeFileIsABatch(t *testing.T) {
	w := worldOf(t, grouped)
	b, services := batchOf(t, w.ask("PUT", "/v1/state", strings.Replace(grouped, "web: running", "web: stopped", 1), "Content-Type", "application/yaml"))
	if b.Generation != 8 || !slices.Equal(services, []string{"web", "db", "migrate", "state"}) {
		t.Errorf("%+v", b)
	}
}

// TestWhatRemovesIsForAdmins also in a batch.
func TestWhatRemovesIsForAdmins(t *testing.T) {
	for _, c := range [][3]string{
		{"PUT", "/v1/services/web/state", `{"state":"absent"}`},
		{"PUT", "/v1/groups/all/state", `{"state":"absent"}`},
		{"PUT", "/v1/services/state", `{"web":"absent"}`},
		{"POST", "/v1/services/web/restart", `{"recreate":true}`},
	} {
		for role, want := range map[Role]string{Flip: "role", Admin: "unsuitable_state refused"} {
			w := worldOf(t, grouped)
			w.Handler = New(w.options).Handler(Door{Address: "127.0.0.1:0", Grants: role})
			p := problemOf(t, w.ask(c[0], c[1], c[2]))
			if !strings.Contains(want, p.Type) {
				t.Errorf("%v as %s: %s %s", c, role, p.Type, p.Detail)
			}
			if w.state.snap.Generation != 7 || len(w.loop.asked) > 0 {
				t.Errorf("%v as %s did something", c, role)
			}
		}
	}
}
