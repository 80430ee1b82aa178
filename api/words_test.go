package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"reconciler/desired"
	"reconciler/reconcile"
)

// obeyed is what a terminal obeys, in each of the ways in which it can be said.
const obeyed = "\x1b[2J\x7f\u009b31m\u202e\u2066"

// harmless fails if a terminal would obey something of the text.
func harmless(t *testing.T, what, text string) {
	t.Helper()
	if i := strings.IndexFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
	}); i >= 0 {
		t.Errorf("%s: %q would be obeyed", what, text[max(0, i-20):min(len(text), i+20)])
	}
}

func TestAProblemIsShortWhateverWasSent(t *testing.T) {
	long := strings.Repeat("x", 900<<10)
	var many strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&many, `"u%d":"running",`, i)
	}
	for name, c := range map[string]struct {
		method, target, kind, body string
		status                     int
	}{
		"50,000 unknown services":  {"PUT", "/v1/services/state", typeJSON, "{" + strings.TrimSuffix(many.String(), ",") + "}", 404},
		"a long service":           {"PUT", "/v1/services/state", typeJSON, `{"` + long + `":"running"}`, 404},
		"a long state":             {"PUT", "/v1/services/state", typeJSON, `{"web":"` + long + `"}`, 422},
		"no state":                 {"PUT", "/v1/services/state", typeJSON, `{"` + long + `":""}`, 422},
		"a long field":             {"PUT", "/v1/services/web/state", typeJSON, `{"` + long + `":1}`, 400},
		"twice":                    {"PUT", "/v1/services/web/state", typeJSON, `{"` + long[:400<<10] + `":1,"` + long[:400<<10] + `":1}`, 400},
		"a long number":            {"PUT", "/v1/services/web/state", typeJSON, `{"state":` + strings.Repeat("1", 900<<10) + `}`, 400},
		"a long type":              {"PUT", "/v1/services/web/state", "text/" + long[:10_000], "running", 415},
		"a long path":              {"GET", "/v1/services/" + long[:10_000], "", "", 404},
		"a long query":             {"GET", "/v1/services?" + long[:10_000], "", "", 400},
		"an odd query":             {"GET", "/v1/services?%" + long[:10_000], "", "", 400},
		"what is obeyed":           {"GET", "/v1/services?status=" + url.QueryEscape(obeyed), "", "", 400},
		"a service that is obeyed": {"GET", "/v1/services/" + url.PathEscape("w"+obeyed), "", "", 404},
	} {
		answer := newWorld(t).ask(c.method, c.target, c.body, "Content-Type", c.kind)
		harmless(t, name, answer.Body.String())
		p := problemOf(t, answer)
		if p.Status != c.status || len(p.Detail) > 2000 {
			t.Errorf("%s: %d, a detail of %d bytes: %.300s", name, p.Status, len(p.Detail), p.Detail)
		}
	}
}

func TestABadDocumentIsRefusedInFewWords(t *testing.T) {
	body := "version: 1\nproject: shop\nservices: {web: running}\ngroups: {all: [" + strings.Repeat("anything, ", 40_000) + "]}\n"
	answer := newWorld(t).ask("PUT", "/v1/state", body, "Content-Type", typeYAML)
	p := problemOf(t, answer)
	if p.Status != http.StatusUnprocessableEntity || len(p.Errors) != 101 || answer.Body.Len() > 128<<10 || p.Errors[100].Message != "and 39900 more" {
		t.Errorf("%d with %d errors, %d bytes", p.Status, len(p.Errors), answer.Body.Len())
	}
}

func TestNothingThatATerminalObeysIsAnswered(t *testing.T) {
	w := newWorld(t)
	message := "web waits for " + obeyed + "<b>"
	w.loop.change("web", func(n *reconcile.Tracked) { n.Message, n.Warnings, n.LastError = message, []string{message}, message })
	w.loop.known.Orphans = []reconcile.Orphan{{Name: obeyed, State: "running", Message: message}}
	w.loop.why = []string{message}
	w.happen("web", message)
	for _, target := range []string{"/", "/v1/services", "/v1/services/web", "/v1/plan", "/v1/events", "/readyz", "/v1/state"} {
		for _, accept := range []string{typeJSON, typeText, "text/html", "*/*"} {
			answer := w.ask("GET", target, "", "Accept", accept)
			harmless(t, target+" as "+accept, answer.Body.String())
			if accept != typeJSON || answer.Code != http.StatusOK || target == "/" {
				continue
			}
			if !json.Valid(answer.Body.Bytes()) {
				t.Errorf("%s is no JSON any more: %.300s", target, answer.Body)
			}
		}
	}
	w.loop.err = fmt.Errorf("look: %s", message)
	p := problemOf(t, w.ask("GET", "/v1/plan", ""))
	if !strings.Contains(p.Detail, obeyed) { // escaped on the way, and the same when it is read
		t.Errorf("the detail is %q", p.Detail)
	}
	if text := desired.Harmless(message); text != "web waits for [2J31m<b>" {
		t.Errorf("%q", text)
	}
}
