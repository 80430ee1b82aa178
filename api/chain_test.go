package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"reconciler/desired"
	"reconciler/reconcile"
)

// linked is a shop whose web depends on db, and db on a job and two that can't
// be brought along.
func linked(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	doc, err := desired.Parse("state.yaml", []byte("version: 1\nproject: shop\nservices:\n  web: stopped\n  db: stopped # the data\n"+
		"  migrate: {job: true, state: stopped}\n  held: {state: stopped, suspend: true}\n"))
	if err != nil {
		t.Fatal(err)
	}
	w.state.snap = desired.Snapshot{Document: doc, Generation: 7}
	w.loop.known.Services = nil
	for _, s := range doc.Services {
		w.loop.known.Services = append(w.loop.known.Services, reconcile.Tracked{Service: reconcile.Service{
			Project: "shop", Name: s.Name, Desired: string(s.State),
			Status: "stopped", Conditions: []reconcile.Condition{}, Containers: []reconcile.Container{}, Groups: []string{}, Warnings: []string{}, Definition: "none",
			DependsOn: map[string][]string{"web": {"db"}, "db": {"migrate", "held", "mail"}}[s.Name],
		}})
		if n := &w.loop.known.Services[len(w.loop.known.Services)-1]; n.DependsOn == nil {
			n.DependsOn = []string{}
		}
	}
	return w
}

// states are those of the file, in a line.
func (w *world) states() string {
	var all []string
	for _, s := range w.state.Snapshot().Document.Services {
		all = append(all, s.Name+" "+string(s.State))
	}
	return strings.Join(all, ", ")
}

func TestAStartBringsAlongWhatItDependsOnInOneRevision(t *testing.T) {
	for target, want := range map[string]string{
		"/v1/services/web/start":                     "web running, db running, migrate completed, held stopped",
		"/v1/services/web/start?dependencies=false":  "web running, db stopped, migrate stopped, held stopped",
		"/v1/services/migrate/start":                 "web stopped, db stopped, migrate completed, held stopped",
		"/v1/services/web/start?dry_run=true":        "web stopped, db stopped, migrate stopped, held stopped",
		"/v1/services/web/start?dependencies=please": "web stopped, db stopped, migrate stopped, held stopped",
	} {
		w := linked(t)
		answer := w.ask("POST", target, "")
		if got := w.states(); got != want || w.state.snap.Generation > 8 {
			t.Errorf("%s: %d, generation %d, %s; want %s", target, answer.Code, w.state.snap.Generation, got, want)
		}
		if strings.HasSuffix(target, "please") && answer.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", target, answer.Code)
		}
		var n reconcile.Tracked
		if !strings.HasSuffix(target, "web/start") {
			continue
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &n); err != nil || len(n.Warnings) != 2 ||
			!strings.Contains(n.Warnings[0], "held, which is suspended") || !strings.Contains(n.Warnings[1], "mail, which is not listed") {
			t.Errorf("%v: warnings %q", err, n.Warnings)
		}
	}
}

// While the engine can't be asked an edit is taken, and what isn't known of it is
// said: nobody must believe that everything was brought along.
func TestWhatIsNotKnownOfDependenciesIsSaid(t *testing.T) {
	for _, c := range []struct{ target, unseen, want string }{
		{"/v1/services/web/start", "web", "the dependencies of web aren't known"},
		{"/v1/services/web/start", "db", "the dependencies of db aren't known"},
		{"/v1/services/web/start", "held", ""}, // it is left as it is, with what it depends on
		{"/v1/services/web/start?dependencies=false", "web", ""},
		{"/v1/services/web/stop?dependents=true", "db", "the dependencies of db aren't known"},
		{"/v1/services/web/stop", "db", ""},
	} {
		w := linked(t)
		if strings.Contains(c.target, "/stop") {
			w.ask("PUT", "/v1/services/web/state", `{"state":"running"}`)
		}
		w.loop.change(c.unseen, func(n *reconcile.Tracked) { n.Unseen, n.DependsOn = true, []string{} })
		answer := w.ask("POST", c.target, "")
		var n reconcile.Tracked
		err := json.Unmarshal(answer.Body.Bytes(), &n)
		said := strings.Join(n.Warnings, "; ")
		if err != nil || answer.Code != http.StatusAccepted || !strings.Contains(said, c.want) || c.want == "" && strings.Contains(said, "aren't known") {
			t.Errorf("%s without a look at %s: %d, warnings %q, %v; want %q", c.target, c.unseen, answer.Code, n.Warnings, err, c.want)
		}
	}
}

// One that is wanted running already is only tried: nothing is edited.
func TestAStartOfWhatIsWantedRunningBringsNothingAlong(t *testing.T) {
	w := linked(t)
	w.ask("POST", "/v1/services/web/start?dependencies=false", "")
	w.ask("POST", "/v1/services/web/start", "")
	if got, want := w.states(), "web running, db stopped, migrate stopped, held stopped"; got != want || len(w.loop.asked) != 1 {
		t.Errorf("%s, asked %v; want %s and one retry", got, w.loop.asked, want)
	}
}

func TestAStopTakesItsDependentsAlongOnlyIfAsked(t *testing.T) {
	for target, want := range map[string]string{
		"/v1/services/migrate/stop":                  "web running, db running, migrate stopped, held stopped",
		"/v1/services/migrate/stop?dependents=true":  "web stopped, db stopped, migrate stopped, held stopped",
		"/v1/services/web/stop?dependents=true":      "web stopped, db running, migrate completed, held stopped",
		"/v1/services/migrate/stop?dependents=false": "web running, db running, migrate stopped, held stopped",
	} {
		w := linked(t)
		w.ask("POST", "/v1/services/web/start", "")
		if answer := w.ask("POST", target, ""); w.states() != want || w.state.snap.Generation != 9 {
			t.Errorf("%s: %d, generation %d, %s; want %s", target, answer.Code, w.state.snap.Generation, w.states(), want)
		}
	}
}
