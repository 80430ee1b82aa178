package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile"
)

// edits are one of each call that edits the file: in the shop that is given,
// each changes it.
var edits = []struct {
	call, body, kind string
	now              string                  // what the file then holds
	given            func(*testing.T) *world // nil: newWorld
}{
	{"PUT /v1/services/web/state", "stopped", "text/plain", "web: stopped", nil},
	{"PUT /v1/services/web/state", `{"replicas":3}`, "application/json", "replicas: 3", nil},
	{"POST /v1/services/db/start", "", "", "db: running", nil},
	{"POST /v1/services/web/stop", "", "", "web: stopped", nil},
	{"PUT /v1/services/web/suspend", `{"for":"2h"}`, "application/json", "suspend:", nil},
	{"DELETE /v1/services/web/suspend", "", "", "web: {state: running}", held},
	{"PUT /v1/groups/front/state", "stopped", "text/plain", "web: stopped", nil},
	{"PUT /v1/services/state", `{"web":"stopped","db":"running"}`, "application/json", "db: running", nil},
	{"PUT /v1/state", strings.Replace(document, "web: running", "web: stopped", 1), "application/yaml", "web: stopped", nil},
	{"POST /v1/revisions/6/restore", "", "", "web: stopped", restorable},
}

// shop returns the world that the edit is made in.
func shop(t *testing.T, given func(*testing.T) *world) *world {
	t.Helper()
	if given == nil {
		given = newWorld
	}
	return given(t)
}

// held is the shop with web suspended.
func held(t *testing.T) *world {
	t.Helper()
	return worldOf(t, strings.Replace(document, "web: running", "web: {state: running, suspend: {reason: \"tea\"}}", 1))
}

// restorable is the shop after web was started, in revision 7.
func restorable(t *testing.T) *world {
	t.Helper()
	before, err := desired.Parse("state.yaml", []byte(strings.Replace(document, "web: running", "web: stopped", 1)))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	now := w.state.snap.Document
	w.state.revisions = nil
	w.state.keep(6, before, desired.EditBy{Actor: "file"})
	w.state.keep(7, now, desired.EditBy{Actor: "http:loopback", Reason: "day"})
	return w
}

// TestTheTestsKnowAllEdits: what takes dry_run is an edit.
func TestTheTestsKnowAllEdits(t *testing.T) {
	known := make(map[string]bool)
	for _, e := range edits {
		method, target, _ := strings.Cut(e.call, " ")
		for _, r := range table(t) {
			if r.method == method && fits(r.path, target) {
				known[r.method+" "+r.path] = true
			}
		}
	}
	for _, r := range table(t) {
		edit := strings.Contains(strings.Join(r.queryNames(), " "), "dry_run")
		if edit && !known[r.method+" "+r.path] {
			t.Errorf("no test edits by %s %s", r.method, r.path)
		}
	}
}

func TestADryRunChangesNothingAndTellsWhatWouldBeDone(t *testing.T) {
	for _, e := range edits {
		w := shop(t, e.given)
		method, target, _ := strings.Cut(e.call, " ")
		answer := w.ask(method, target+"?dry_run=true&wait=1s", e.body, "Content-Type", e.kind)
		var report reconcile.Report
		if err := json.Unmarshal(answer.Body.Bytes(), &report); err != nil || answer.Code != http.StatusOK || report.Project != "shop" {
			t.Errorf("%s: %d, %v: %s", e.call, answer.Code, err, answer.Body)
		}
		if w.state.snap.Generation != 7 || len(w.loop.asked) > 0 || answer.Header().Get("ETag") != "" {
			t.Errorf("%s: a dry run did something", e.call)
		}
		if len(w.loop.previews) != 1 || !strings.Contains(w.loop.previews[0], e.now) {
			t.Errorf("%s: planned for %q, which isn't with %q", e.call, w.loop.previews, e.now)
		}
		w.loop.err = engine.ErrUnavailable
		if p := problemOf(t, w.ask(method, target+"?dry_run=true", e.body, "Content-Type", e.kind)); p.Status != http.StatusServiceUnavailable {
			t.Errorf("%s: planned without an engine: %d", e.call, p.Status)
		}
	}
}

func TestAnEditIsMadeOnlyOfTheFileThatItMeans(t *testing.T) {
	for match, want := range map[string]int{
		`"DIGEST"`:                  202,
		"DIGEST":                    202,
		`"0", "DIGEST"`:             202,
		"*":                         202,
		`"0"`:                       412,
		`""`:                        412,
		`W/"DIGEST"`:                412,
		`"DIGEST`:                   412,
		`"DIGES"`:                   412,
		"":                          400,
		" , ":                       400,
		"\"DIGEST\x00\"":            412,
		strings.Repeat(`"0",`, 999): 412,
	} {
		for _, e := range edits {
			for _, query := range []string{"", "?dry_run=true"} {
				wanted := want
				if query != "" && want == http.StatusAccepted {
					wanted = http.StatusOK
				}
				w := shop(t, e.given)
				method, target, _ := strings.Cut(e.call, " ")
				tag := strings.Replace(match, "DIGEST", w.state.snap.Document.Digest, 1)
				answer := w.ask(method, target+query, e.body, "Content-Type", e.kind, "If-Match", tag)
				if answer.Code != wanted {
					t.Errorf("%s%s, If-Match %.80q: %d, not %d: %s", e.call, query, match, answer.Code, wanted, answer.Body)
				}
				if made := w.state.snap.Generation != 7; made != (wanted == http.StatusAccepted) {
					t.Errorf("%s%s, If-Match %.80q: made: %v", e.call, query, match, made)
				}
			}
		}
	}
}

func TestEachEditKeepsWhoAndWhyAndTellsTheNewETag(t *testing.T) {
	for _, e := range edits {
		w := shop(t, e.given)
		method, target, _ := strings.Cut(e.call, " ")
		answer := w.ask(method, target+"?reason=f%C3%BCr+die+Nacht", e.body, "Content-Type", e.kind, "Reconciler-Actor", "cli:ann")
		if w.state.by != (desired.EditBy{Actor: "cli:ann", Reason: "für die Nacht"}) {
			t.Errorf("%s: by %+v", e.call, w.state.by)
		}
		if tag := answer.Header().Get("ETag"); answer.Code != http.StatusAccepted || tag != etag(w.state.snap.Document) {
			t.Errorf("%s: %d, ETag %s", e.call, answer.Code, tag)
		}
		if !strings.Contains(string(w.state.snap.Document.Source), e.now) {
			t.Errorf("%s: the file is\n%s", e.call, w.state.snap.Document.Source)
		}
	}
}
