package api

import (
	"net/http"
	"slices"
	"testing"
)

func TestTheAnswerIsWhatTheClientLikesBest(t *testing.T) {
	const yaml, json, text = "application/yaml", "application/json", "text/plain"
	for _, c := range []struct {
		accept []string
		offers []string
		want   string
	}{
		{nil, []string{yaml, json}, yaml},
		{[]string{""}, []string{yaml, json}, yaml},
		{[]string{"*/*"}, []string{yaml, json}, yaml},
		{[]string{"application/json"}, []string{yaml, json}, json},
		{[]string{"Application/JSON; charset=utf-8"}, []string{yaml, json}, json},
		{[]string{"text/html, application/json"}, []string{yaml, json}, json},
		{[]string{"text/html", "application/json"}, []string{yaml, json}, json},
		{[]string{"application/json, application/yaml"}, []string{yaml, json}, yaml},
		{[]string{"application/json, application/yaml;q=0.9"}, []string{yaml, json}, json},
		{[]string{"application/yaml;q=0.2, application/json;q=0.3"}, []string{yaml, json}, json},
		{[]string{"application/*"}, []string{text, json}, json},
		{[]string{"*/*, application/yaml;q=0"}, []string{yaml, json}, json},
		{[]string{"application/*;q=0.1, text/plain;q=0.2, */*;q=0.9"}, []string{yaml, text}, text},
		{[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, []string{json, text}, json},
		{[]string{"application/json;q=1.0"}, []string{json}, json},
		{[]string{"application/json;q=0"}, []string{json}, ""},
		{[]string{"application/json;q=0.0"}, []string{json}, ""},
		{[]string{"application/json;q=2"}, []string{json}, ""},
		{[]string{"application/json;q=-1"}, []string{json}, ""},
		{[]string{"application/json;q=NaN"}, []string{json}, ""},
		{[]string{"application/json;q="}, []string{json}, ""},
		{[]string{"application/jsonp"}, []string{json}, ""},
		{[]string{"text/*"}, []string{json}, ""},
		{[]string{"*"}, []string{json}, ""},
		{[]string{"*/json"}, []string{json}, ""},
		{[]string{"/;;;,,\x00,\"", "application/json"}, []string{json}, json},
		{[]string{",,,"}, []string{json}, ""},
	} {
		if got := negotiate(c.accept, c.offers); got != c.want {
			t.Errorf("%q of %v: %q, not %q", c.accept, c.offers, got, c.want)
		}
	}
}

// TestWhatCantBeAnsweredAsAskedIsRefused holds for every route that offers
// something to choose from, and comes before anything is done.
func TestWhatCantBeAnsweredAsAskedIsRefused(t *testing.T) {
	for _, r := range table(t) {
		w := newWorld(t)
		answer := w.ask(r.method, concrete(r.path), "", "Accept", "image/png, text/x-nothing;q=0.5")
		if len(r.offers()) == 0 {
			if answer.Code == http.StatusNotAcceptable {
				t.Errorf("%s %s answers in one way only, and yet: %s", r.method, r.path, answer.Body)
			}
			continue
		}
		if p := problemOf(t, answer); p.Status != http.StatusNotAcceptable || p.Type != "not_acceptable" {
			t.Errorf("%s %s: %d %s", r.method, r.path, p.Status, p.Type)
		}
		if len(w.loop.asked) > 0 || w.state.snap.Generation != 7 {
			t.Errorf("%s %s was refused, and did something", r.method, r.path)
		}
	}
}

func TestWhatDependsOnAcceptSaysSo(t *testing.T) {
	for _, r := range table(t) {
		for _, accept := range []string{"", "image/png"} {
			h := newWorld(t).ask(r.method, concrete(r.path), "", "Accept", accept).Header()
			if varies := slices.Contains(h.Values("Vary"), "Accept"); varies != (len(r.offers()) > 1) {
				t.Errorf("%s %s: Vary: %v", r.method, r.path, h.Values("Vary"))
			}
		}
	}
}
