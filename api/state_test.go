package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"reconciler/desired"
	"reconciler/engine"
)

func TestTheFileIsToldByteForByte(t *testing.T) {
	w := newWorld(t)
	answer := w.ask("GET", "/v1/state", "")
	if answer.Body.String() != document || answer.Header().Get("Content-Type") != "application/yaml" {
		t.Errorf("%s: %s", answer.Header().Get("Content-Type"), answer.Body)
	}
	tag := answer.Header().Get("ETag")
	if tag != `"`+w.state.snap.Document.Digest+`"` {
		t.Errorf("ETag: %s", tag)
	}
	for _, known := range []string{tag, "W/" + tag, `"0", ` + tag, "*"} {
		if again := w.ask("GET", "/v1/state", "", "If-None-Match", known); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s: unchanged, and told again: %d %s", known, again.Code, again.Body)
		}
	}
	for _, known := range []string{`"0"`, `W/"0"`, "", w.state.snap.Document.Digest} {
		if other := w.ask("GET", "/v1/state", "", "If-None-Match", known); other.Code != http.StatusOK {
			t.Errorf("%s: changed, and not told: %d", known, other.Code)
		}
	}
}

func TestTheFileIsToldAsJSONAndTakenAsSuch(t *testing.T) {
	w := newWorld(t)
	answer := w.ask("GET", "/v1/state", "", "Accept", "application/json")
	var doc map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &doc); err != nil || doc["project"] != "shop" {
		t.Fatalf("%v: %s", err, answer.Body)
	}
	body := strings.Replace(answer.Body.String(), `"stopped"`, `"running"`, 1)
	if put := w.ask("PUT", "/v1/state", body); put.Code != http.StatusAccepted {
		t.Fatalf("%d %s", put.Code, put.Body)
	}
	src := string(w.state.snap.Document.Source)
	if s, _ := w.state.snap.Document.Service("db"); s.State != desired.Running || strings.Contains(src, "{") {
		t.Errorf("db is wanted %s; what was written isn't YAML in block form:\n%s", s.State, src)
	}
}

func TestJSONThatSaysNothingNewLeavesTheBytes(t *testing.T) {
	w := newWorld(t)
	got := w.ask("GET", "/v1/state", "", "Accept", "application/json").Body.String()
	sorted := `{"services":{"web":"running","migrate":{"state":"completed","job":true},"db":"stopped"},"project":"shop","groups":{"front":["web"]},"version":1}`
	for name, body := range map[string]string{"as it was got": got, "in another order": sorted} {
		if put := w.ask("PUT", "/v1/state", body); put.Code != http.StatusOK || put.Header().Get("ETag") != etag(w.state.snap.Document) {
			t.Errorf("%s: %d %s", name, put.Code, put.Body)
		}
		if string(w.state.snap.Document.Source) != document {
			t.Errorf("%s: the comments are gone:\n%s", name, w.state.snap.Document.Source)
		}
	}
}

func TestAWholeFileIsTakenOrRefused(t *testing.T) {
	flipped := strings.Replace(document, "web: running", "web: stopped", 1)
	digest := newWorld(t).state.snap.Document.Digest
	for _, c := range []struct {
		name, query, body, kind, match string
		want                           int
		says                           string
	}{
		{"YAML", "", flipped, "application/yaml", "", 202, ""},
		{"YAML by its old names", "", flipped, "text/yaml; charset=utf-8", "", 202, ""},
		{"what is there already", "", document, "application/yaml", "", 200, ""},
		{"over what was read", "", flipped, "application/yaml", `"` + digest + `"`, 202, ""},
		{"over whatever is there", "", flipped, "application/yaml", "*", 202, ""},
		{"over what is gone", "", flipped, "application/yaml", `"0"`, 412, ""},
		{"over a weak tag", "", flipped, "application/yaml", `W/"` + digest + `"`, 412, ""},
		{"of no type", "", flipped, "", "", 415, "application/yaml"},
		{"as a form", "", flipped, "application/x-www-form-urlencoded", "", 415, "application/yaml"},
		{"broken JSON", "", `{"version":`, "application/json", "", 400, "JSON"},
		{"an unknown key", "", document + "x: 1\n", "application/yaml", "", 422, "state.yaml:9:1"},
		{"an unknown key as JSON", "", `{"version":1,"project":"shop","image":"x","services":{}}`, "application/json", "", 422, "image"},
		{"nothing", "", "", "application/yaml", "", 422, ""},
		{"too much", "", document + "#" + strings.Repeat("x", maxBody), "application/yaml", "", 413, "1048576"},
		{"too patiently", "?wait=1h", flipped, "application/yaml", "", 400, "5m"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			header := []string{"Content-Type", c.kind}
			if c.match != "" {
				header = append(header, "If-Match", c.match)
			}
			answer := w.ask("PUT", "/v1/state"+c.query, c.body, header...)
			if answer.Code != c.want {
				t.Fatalf("%d %s", answer.Code, answer.Body)
			}
			if c.want >= 400 {
				if p := problemOf(t, answer); !strings.Contains(p.Detail, c.says) {
					t.Errorf("%q doesn't say %q", p.Detail, c.says)
				}
				if w.state.snap.Generation != 7 {
					t.Error("refused, and yet written")
				}
				return
			}
			if tag, want := answer.Header().Get("ETag"), etag(w.state.snap.Document); tag != want {
				t.Errorf("ETag %s, not %s", tag, want)
			}
		})
	}
}

func TestWhatIsWrongWithAFileIsToldByLine(t *testing.T) {
	p := problemOf(t, newWorld(t).ask("PUT", "/v1/state", "version: 1\nproject: shop\nservices:\n  web: runing\n  db: maybe\n", "Content-Type", "text/yaml"))
	if p.Status != 422 || len(p.Errors) != 2 || p.Errors[0].Line != 4 || p.Errors[0].Column != 8 || !strings.Contains(p.Errors[0].Message, "running") {
		t.Errorf("%+v", p)
	}
}

func TestThePlanIsToldInTwoForms(t *testing.T) {
	w := newWorld(t)
	var report map[string]any
	if err := json.Unmarshal(w.ask("GET", "/v1/plan", "").Body.Bytes(), &report); err != nil || report["project"] != "shop" {
		t.Errorf("%v: %v", err, report)
	}
	text := w.ask("GET", "/v1/plan", "", "Accept", "text/plain")
	if text.Body.String() != "nothing to do\n" || !strings.HasPrefix(text.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("%s: %s", text.Header().Get("Content-Type"), text.Body)
	}
	w.loop.err = fmt.Errorf("plan: %w", engine.ErrUnavailable)
	if p := problemOf(t, w.ask("GET", "/v1/plan", "")); p.Status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", p.Status, p.Detail)
	}
}

func TestHealthAsksTheLoopAndReadinessSaysWhy(t *testing.T) {
	w := newWorld(t)
	w.loop.why = []string{"the engine can't be asked: refused", "the file can't be used"}
	if answer := w.ask("GET", "/healthz", ""); answer.Code != http.StatusOK {
		t.Errorf("not ready, and therefore not healthy: %d", answer.Code)
	}
	text := w.ask("GET", "/readyz", "")
	if text.Code != 503 || text.Body.String() != "not ready: the engine can't be asked: refused\nnot ready: the file can't be used\n" {
		t.Errorf("%d %s", text.Code, text.Body)
	}
	var told readiness
	asJSON := w.ask("GET", "/readyz", "", "Accept", "application/json")
	if err := json.Unmarshal(asJSON.Body.Bytes(), &told); err != nil || asJSON.Code != 503 || told.Ready || len(told.Reasons) != 2 {
		t.Errorf("%d %v: %s", asJSON.Code, err, asJSON.Body)
	}
	w.loop.why, w.loop.dead = nil, true
	if answer := w.ask("GET", "/readyz", ""); answer.Code != http.StatusOK || answer.Body.String() != "ready\n" {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if p := problemOf(t, w.ask("GET", "/healthz", "")); p.Status != 503 {
		t.Errorf("the loop stands still: %d", p.Status)
	}
}
