package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"reconciler/api/wire"
	"reconciler/desired"
)

func TestTheHistoryIsTold(t *testing.T) {
	w := restorable(t)
	var list wire.RevisionList
	answer := w.ask("GET", "/v1/revisions", "")
	if err := json.Unmarshal(answer.Body.Bytes(), &list); err != nil || answer.Code != http.StatusOK {
		t.Fatalf("%d %v: %s", answer.Code, err, answer.Body)
	}
	if list.Generation != 7 || !slices.Equal(list.Revisions, w.state.revisions) || list.Revisions[0].Generation != 7 {
		t.Errorf("%+v", list)
	}
	w.state.revisions = nil
	if answer := w.ask("GET", "/v1/revisions", ""); !strings.Contains(answer.Body.String(), `"revisions": []`) {
		t.Errorf("none: %s", answer.Body)
	}
}

func TestARevisionIsToldWithItsText(t *testing.T) {
	w := restorable(t)
	text := strings.Replace(document, "web: running", "web: stopped", 1)
	var one wire.RevisionText
	answer := w.ask("GET", "/v1/revisions/6", "")
	if err := json.Unmarshal(answer.Body.Bytes(), &one); err != nil || one.Revision != w.state.revisions[1] || one.State != text {
		t.Errorf("%d %v: %s", answer.Code, err, answer.Body)
	}
	bytes := w.ask("GET", "/v1/revisions/6", "", "Accept", "application/yaml")
	if bytes.Body.String() != text || bytes.Header().Get("Content-Type") != "application/yaml" || bytes.Header().Get("ETag") != `"`+one.Digest+`"` {
		t.Errorf("%v %s", bytes.Header(), bytes.Body)
	}
}

func TestARevisionIsRestoredOrRefused(t *testing.T) {
	for _, c := range []struct {
		n, body string
		code    int
		kind    string
	}{
		{"6", "", 202, ""},
		{"6", "{}", 202, ""},
		{"6", `{"reason":"as before"}`, 202, ""},
		{"7", "", 200, ""}, // as it is
		{"6", `{"reason":"a\u2028b\u0007"}`, 400, "reason"},
		{"6", `{"state":"x"}`, 400, "malformed"},
		{"8", "", 404, "unknown_revision"},
		{"0", "", 404, "unknown_revision"},
		{"-6", "", 404, "unknown_revision"},
		{"06", "", 404, "unknown_revision"},
		{"+6", "", 404, "unknown_revision"},
		{"6.0", "", 404, "unknown_revision"},
		{"99999999999999999999", "", 404, "unknown_revision"},
		{"%1b%5b2J", "", 404, "unknown_revision"},
		{"..%2f6", "", 404, "not_found"},
	} {
		w := restorable(t)
		answer := w.ask("POST", "/v1/revisions/"+c.n+"/restore", c.body)
		if answer.Code != c.code {
			t.Errorf("%s %s: %d %s", c.n, c.body, answer.Code, answer.Body)
			continue
		}
		made := w.state.snap.Generation != 7
		if made != (c.code == 202) {
			t.Errorf("%s %s: made: %v", c.n, c.body, made)
		}
		if c.code >= 400 {
			if p := problemOf(t, answer); p.Type != c.kind {
				t.Errorf("%s %s: %s", c.n, c.body, p.Type)
			}
			if shown := w.ask("GET", "/v1/revisions/"+c.n, ""); c.code == 404 && shown.Code != 404 {
				t.Errorf("%s can't be restored and yet be shown: %d", c.n, shown.Code)
			}
			continue
		}
		if b, services := batchOf(t, answer); len(services) != 3 || b.Generation != w.state.snap.Generation {
			t.Errorf("%s: %+v", c.n, b)
		}
		if why := w.state.by.Reason; strings.Contains(c.body, "as before") != (why == "as before") {
			t.Errorf("%s %s: because of %q", c.n, c.body, why)
		}
	}
}

// TestOnlyAdminsRestore, and what is for the file only isn't restored.
func TestOnlyAdminsRestore(t *testing.T) {
	w := restorable(t)
	w.Handler = New(w.options).Handler(Door{Address: "127.0.0.1:0", Grants: Flip})
	if p := problemOf(t, w.ask("POST", "/v1/revisions/6/restore", "")); p.Type != "role" || w.state.snap.Generation != 7 {
		t.Errorf("%s, generation %d", p.Type, w.state.snap.Generation)
	}
	other, err := desired.Parse("state.yaml", []byte(strings.Replace(document, "project: shop", "project: mart", 1)))
	if err != nil {
		t.Fatal(err)
	}
	w = restorable(t)
	w.state.keep(5, other, desired.EditBy{Actor: "file"})
	if p := problemOf(t, w.ask("POST", "/v1/revisions/5/restore", "")); p.Type != "by_file_only" || w.state.snap.Generation != 7 {
		t.Errorf("%s, generation %d", p.Type, w.state.snap.Generation)
	}
}
