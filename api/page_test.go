package api

import (
	"os"
	"strings"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/reconcile"
	"reconciler/reconcile/plan"
)

// hostile is what a label, a name or an error's text may hold.
const hostile = `<script>alert(1)</script><img src=x onerror=alert(2)>"'&{{.}}</style>`

// TestThePageShowsWhatStrangersWroteAsText compares the whole page; -update
// writes it anew, and then it is to be looked at in a browser.
func TestThePageShowsWhatStrangersWroteAsText(t *testing.T) {
	w := newWorld(t)
	port, next := 8080, time.Date(2026, 12, 1, 12, 0, 47, 0, time.UTC)
	w.loop.why = []string{"the engine can't be asked: " + hostile}
	w.loop.known.Warnings = []string{hostile}
	w.loop.known.Orphans = []reconcile.Orphan{{ID: hostile, Name: hostile, Service: hostile, State: engine.State("running"), Message: hostile}}
	w.loop.change("web", func(n *reconcile.Tracked) {
		n.Status, n.Converged, n.Message, n.Port = plan.StatusWaiting, false, hostile, &port
		n.Backoff.NextAttempt = &next
		n.Groups, n.Warnings = []string{hostile}, []string{hostile}
		n.Suspended = &reconcile.Suspension{Reason: hostile, By: hostile}
		n.Containers = []reconcile.Container{{Name: hostile, Image: hostile, State: engine.State("exited"), Ports: []engine.Port{{Host: 8080}}}}
	})
	w.loop.change("db", func(n *reconcile.Tracked) { n.Backoff.NextAttempt, n.DecidedAt = &next, next }) // it is under way
	answer := w.ask("GET", "/", "")
	page := answer.Body.String()
	if kind := answer.Header().Get("Content-Type"); kind != "text/html; charset=utf-8" {
		t.Errorf("Content-Type: %s", kind)
	}
	for _, bad := range []string{"<script", "<img", "onerror=alert(2)>", "javascript:", " style="} {
		if strings.Contains(page, bad) {
			t.Errorf("the page contains %s", bad)
		}
	}
	const golden = "testdata/page.html"
	if *update {
		if err := os.WriteFile(golden, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if page != string(want) {
		t.Errorf("the page is not %s:\n%s", golden, page)
	}
}

func TestThePageBringsItsStyle(t *testing.T) {
	w := newWorld(t)
	if page := w.ask("GET", "/", "").Body.String(); !strings.Contains(page, `href="/style.css"`) {
		t.Error("the page names no style")
	}
	answer := w.ask("GET", "/style.css", "")
	if kind := answer.Header().Get("Content-Type"); answer.Code != 200 || kind != "text/css; charset=utf-8" || strings.Contains(answer.Body.String(), "url(") {
		t.Errorf("%d %s", answer.Code, kind)
	}
}
