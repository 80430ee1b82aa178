package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile"
)

func TestAFlipEditsOnlyTheValue(t *testing.T) {
	for _, c := range []struct {
		name               string
		method, path, body string
		kind               string
		old, now           string // what is replaced in the file; both empty: nothing
		asked              string
	}{
		{"a state as text", "PUT", "/v1/services/web/state", "stopped", "text/plain", "web: running", "web: stopped", ""},
		{"a state as text with a line's end", "PUT", "/v1/services/web/state", " stopped\n", "text/plain; charset=utf-8", "web: running", "web: stopped", ""},
		{"a state as JSON", "PUT", "/v1/services/web/state", `{"state":"stopped","reason":"night"}`, "application/json", "web: running", "web: stopped", ""},
		{"the state that it has", "PUT", "/v1/services/web/state", "running", "text/plain", "", "", ""},
		{"a job that should run", "PUT", "/v1/services/migrate/state", "running", "text/plain", "", "", ""},
		{"stop", "POST", "/v1/services/web/stop", "", "", "web: running", "web: stopped", ""},
		{"stop what is stopped", "POST", "/v1/services/db/stop", "", "", "", "", ""},
		{"start", "POST", "/v1/services/db/start", `{"reason":"day"}`, "application/json", "db: stopped", "db: running", ""},
		{"start what should run", "POST", "/v1/services/web/start", "", "", "", "", "retry web by http:loopback"},
		{"start a job that should be done", "POST", "/v1/services/migrate/start", "{}", "application/json", "", "", "retry migrate by http:loopback"},
		{"stop a job", "POST", "/v1/services/migrate/stop", "", "", "state: completed", "state: stopped", ""},
		{"restart", "POST", "/v1/services/web/restart", "", "", "", "", "restart web by http:loopback"},
		{"as curl sends it", "PUT", "/v1/services/web/state", "stopped", "application/x-www-form-urlencoded", "web: running", "web: stopped", ""},
		{"restart for a reason", "POST", "/v1/services/web/restart", `{"reason":"stuck"}`, "application/json", "", "", "restart web by http:loopback: stuck"},
		{"start what should run, for a reason", "POST", "/v1/services/web/start?reason=stuck", "", "", "", "", "retry web by http:loopback: stuck"},
		{"look now for a reason", "POST", "/v1/reconcile", `{"reason":"moved"}`, "application/json", "", "", "look by http:loopback: moved"},
		{"look now", "POST", "/v1/reconcile", "", "", "", "", "look by http:loopback"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			answer := w.ask(c.method, c.path, c.body, "Content-Type", c.kind)
			if answer.Code/100 != 2 {
				t.Fatalf("%d %s", answer.Code, answer.Body)
			}
			if got, want := string(w.state.snap.Document.Source), strings.Replace(document, c.old, c.now, 1); got != want {
				t.Errorf("the file is now:\n%s", got)
			}
			if asked := strings.Join(w.loop.asked, ", "); asked != c.asked {
				t.Errorf("the loop was asked %q, not %q", asked, c.asked)
			}
		})
	}
}

func TestWhoAndWhyAreKept(t *testing.T) {
	for header, want := range map[string]string{
		"":                               "http:loopback",
		"cli:ann":                        "cli:ann",
		"cli:a.b-c_9":                    "cli:a.b-c_9",
		"cli:":                           "http:loopback",
		"cli:a b":                        "http:loopback",
		"file":                           "http:loopback",
		"http:grafana":                   "http:loopback",
		"cli:ann\tx":                     "http:loopback",
		"cli:" + strings.Repeat("a", 33): "http:loopback",
	} {
		w := newWorld(t)
		w.ask("PUT", "/v1/services/web/state", `{"state":"stopped","reason":"für die Nacht"}`, "Reconciler-Actor", header)
		if w.state.by != (desired.EditBy{Actor: want, Reason: "für die Nacht"}) {
			t.Errorf("Reconciler-Actor %q: by %+v, not %s", header, w.state.by, want)
		}
	}
}

func TestABadFlipChangesNothing(t *testing.T) {
	const put, start, restart = "PUT /v1/services/web/state", "POST /v1/services/db/start", "POST /v1/services/web/restart"
	long := strings.Repeat("x", maxReason+1)
	for _, c := range []struct {
		call, body, kind string
		want             int
		says             string
	}{
		{put, "", "", 400, "say which state"},
		{put, "{}", "application/json", 400, "say which state"},
		{put, "null", "application/json", 400, "no object"},
		{put, "{}", "application/json", 400, "say which state"},
		{start, "null", "application/json", 400, "no object"},
		{restart, " null", "application/json", 400, "no object"},
		{"POST /v1/reconcile", "null", "application/json", 400, "no object"},
		{"POST /v1/reconcile", `{"reason":"a\u202eb"}`, "application/json", 400, "one line"},
		{"POST /v1/reconcile?dry_run=true", "", "", 400, "dry_run"},
		{put, `{"state":"stopped"`, "application/json", 400, "malformed"},
		{put, `{"state":"stopped"}{}`, "application/json", 400, "follows"},
		{put, `{"state":"stopped","image":"evil"}`, "application/json", 400, "image"},
		{put, `{"state":["stopped"]}`, "application/json", 400, "malformed"},
		{put, `"stopped"`, "application/json", 400, "malformed"},
		{put, "halted", "text/plain", 422, "halted"},
		{put, "\xff\xfe", "text/plain", 422, "none of"},
		{put, "absent", "text/plain", 422, "ask for stopped"},
		{put, "completed", "text/plain", 422, "no job"},
		{put, "state=stopped", "application/x-www-form-urlencoded", 415, "Content-Type"},
		{put, "stopped", "multipart/form-data; boundary=x", 415, "Content-Type"},
		{put, "stopped", "\"", 415, "Content-Type"},
		{put, `{"state":"stopped","reason":"a\nb"}`, "application/json", 400, "one line"},
		{put, `{"state":"stopped","reason":"\u001b[2J"}`, "application/json", 400, "one line"},
		{put, `{"state":"stopped","reason":"\u202egnp"}`, "application/json", 400, "one line"},
		{put, `{"state":"stopped","reason":"` + long + `"}`, "application/json", 400, "200"},
		{put + "?wait=6m", "stopped", "text/plain", 400, "5m"},
		{put + "?wait=-1s", "stopped", "text/plain", 400, "duration"},
		{put + "?wait=30", "stopped", "text/plain", 400, "duration"},
		{put + "?wait=", "stopped", "text/plain", 400, "duration"},
		{put + "?wait=1s&wait=2s", "stopped", "text/plain", 400, "twice"},
		{put + "?wiat=1s", "stopped", "text/plain", 400, "did you mean \"wait\""},
		{put + "?reason=a%0ab", "stopped", "text/plain", 400, "one line"},
		{put + "?reason=%e2%80%aegnp", "stopped", "text/plain", 400, "one line"},
		{put + "?reason=%ff", "stopped", "text/plain", 400, "one line"},
		{put + "?reason=" + long, "stopped", "text/plain", 400, "200"},
		{put + "?reason=tea", `{"state":"stopped","reason":"tea"}`, "application/json", 400, "once"},
		{put + "?dry_run=yes", "stopped", "text/plain", 400, "dry_run"},
		{put + "?dry_run=", "stopped", "text/plain", 400, "dry_run"},
		{put + "?dry_run=true&dry_run=true", "stopped", "text/plain", 400, "twice"},
		{put + "?wait=%zz", "stopped", "text/plain", 400, "query"},
		{put + "?wait=1s;x", "stopped", "text/plain", 400, "query"},
		{"PUT /v1/services/wbe/state", "stopped", "text/plain", 404, "did you mean \"web\""},
		{"POST /v1/services/wbe/stop", "", "", 404, "did you mean \"web\""},
		{start, "please", "text/plain", 415, "Content-Type"},
		{start, `{"state":"running"}`, "application/json", 400, "state"},
		{start, `{"recreate":true}`, "application/json", 400, "recreate"},
		{restart, `{"recreate":true}`, "application/json", 409, "how to create"},
		{restart, `{"recreate":1}`, "application/json", 400, "malformed"},
		{restart, `{"reason":"a\tb"}`, "application/json", 400, "one line"},
		{restart + "?dry_run=true", "", "", 400, "dry_run"},
		{start + "?dependencies=maybe", "", "", 400, "dependencies"},
		{put, strings.Repeat(" ", maxBody) + "stopped", "text/plain", 413, "1048576"},
		{start, strings.Repeat(" ", maxBody) + "{}", "application/json", 413, "1048576"},
	} {
		w := newWorld(t)
		method, target, _ := strings.Cut(c.call, " ")
		answer := w.ask(method, target, c.body, "Content-Type", c.kind)
		p := problemOf(t, answer)
		if p.Status != c.want || !strings.Contains(p.Type+" "+p.Detail, c.says) {
			t.Errorf("%s %.40q: %d %s, not %d with %q", c.call, c.body, p.Status, p.Detail, c.want, c.says)
		}
		if w.state.snap.Generation != 7 || len(w.loop.asked) > 0 {
			t.Errorf("%s %.40q: refused, and yet it did something", c.call, c.body)
		}
	}
}

func TestEachErrorHasItsStatusAndType(t *testing.T) {
	invalid := &desired.ParseError{File: "state.yaml", Problems: []desired.Problem{{Line: 3, Column: 5, Message: "no"}}}
	for _, c := range []struct {
		err    error
		status int
		kind   string
		lines  int
	}{
		{desired.ErrReadOnly, 409, "state_read_only", 0},
		{desired.ErrOwner, 409, "state_owner", 0},
		{desired.ErrBlocked, 503, "state_blocked", 0},
		{desired.ErrUnheld, 503, "state_unheld", 0},
		{desired.ErrShape, 409, "state_shape", 0},
		{fmt.Errorf("%w: %w", desired.ErrFileInvalid, invalid), 409, "state_invalid", 1},
		{desired.ErrNoSpace, 507, "no_space", 0},
		{desired.ErrStale, 412, "stale", 0},
		{desired.ErrByFileOnly, 403, "by_file_only", 0},
		{desired.ErrUnknownService, 404, "unknown_service", 0},
		{desired.ErrUnsuitable, 422, "unsuitable_state", 0},
		{invalid, 422, "invalid_state", 1},
		{reconcile.ErrRefused, 409, "refused", 0},
		{engine.ErrUnavailable, 503, "engine_unavailable", 0},
		{errors.New("something else"), 500, "internal", 0},
	} {
		err := fmt.Errorf("edit state.yaml: %w", c.err)
		for _, call := range []string{"PUT /v1/services/web/state", "POST /v1/services/db/start", "POST /v1/services/web/restart", "GET /v1/plan"} {
			w := newWorld(t)
			w.state.err, w.loop.err = err, err
			w.check = func(*http.Request, string, *httptest.ResponseRecorder) {} // the loop gives some of these errors never
			method, target, _ := strings.Cut(call, " ")
			body := map[string]string{"PUT": `{"state":"stopped"}`}[method]
			p := problemOf(t, w.ask(method, target, body))
			if p.Status != c.status || p.Type != c.kind || len(p.Errors) != c.lines {
				t.Errorf("%s, %v: %d %s with %d lines, not %d %s with %d", call, c.err, p.Status, p.Type, len(p.Errors), c.status, c.kind, c.lines)
			}
		}
	}
}

func TestServicesAreFiltered(t *testing.T) {
	for _, c := range []struct {
		query string
		code  int
		want  []string
	}{
		{"", 200, []string{"web", "db", "migrate"}},
		{"?group=front", 200, []string{"web"}},
		{"?status=stopped", 200, []string{"db"}},
		{"?status=paused", 200, nil},
		{"?group=front&status=stopped", 200, nil},
		{"?group=fron", 404, nil},
		{"?status=halted", 400, nil},
		{"?state=running", 400, nil},
	} {
		answer := newWorld(t).ask("GET", "/v1/services"+c.query, "")
		if answer.Code != c.code {
			t.Errorf("%s: %d %s", c.query, answer.Code, answer.Body)
			continue
		}
		if c.code != 200 {
			if p := problemOf(t, answer); c.code == 404 && !strings.Contains(p.Detail, `did you mean "front"`) {
				t.Errorf("%s: %s", c.query, p.Detail)
			}
			continue
		}
		var o reconcile.Known
		if err := json.Unmarshal(answer.Body.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range o.Services {
			got = append(got, n.Name)
		}
		if !slices.Equal(got, c.want) || o.Project != "shop" || o.Generation != 7 || o.Orphans == nil {
			t.Errorf("%s: %v of %s at %d, orphans %v", c.query, got, o.Project, o.Generation, o.Orphans)
		}
	}
}

// TestTheServicesAreNotToldWithoutWhatReadyzSays, at once, also where the same
// bytes were just told to somebody else: nobody takes a green table for the whole.
func TestTheServicesAreNotToldWithoutWhatReadyzSays(t *testing.T) {
	w := newWorld(t)
	w.loop.known.Warnings = []string{"everybody may write it"}
	for _, query := range []string{"", "?group=front"} {
		for _, why := range [][]string{nil, {"the file can't be used"}, {"the file can't be used", "a door is shut"}, nil} {
			w.loop.why = why
			var want []string
			for _, reason := range why {
				want = append(want, "not ready: "+reason)
			}
			want = append(want, "everybody may write it")
			var o reconcile.Known
			if err := json.Unmarshal(w.ask("GET", "/v1/services"+query, "").Body.Bytes(), &o); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(o.Warnings, want) {
				t.Errorf("/v1/services%s: warnings %q, not %q", query, o.Warnings, want)
			}
		}
	}
}

func TestOneServiceIsShownOrAnotherSuggested(t *testing.T) {
	w := newWorld(t)
	answer := w.ask("GET", "/v1/services/web", "")
	var n reconcile.Tracked
	if err := json.Unmarshal(answer.Body.Bytes(), &n); err != nil || n.Name != "web" || answer.Code != http.StatusOK {
		t.Errorf("%d %v: %s", answer.Code, err, answer.Body)
	}
	if p := problemOf(t, w.ask("GET", "/v1/services/migrat", "")); p.Status != 404 || !strings.Contains(p.Detail, `did you mean "migrate"?`) {
		t.Errorf("%d %s", p.Status, p.Detail)
	}
}
