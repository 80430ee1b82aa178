package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reconciler/desired"
	"reconciler/reconcile"
	"reconciler/reconcile/plan"
)

const document = `version: 1
project: shop
groups:
  front: [web]
services:
  web: running   # the shop
  db: stopped
  migrate: {job: true, state: completed}
`

// fakeLoop publishes what a test tells it to.
type fakeLoop struct {
	mu       sync.Mutex
	known    reconcile.Known
	changed  chan struct{}
	err      error    // of Plan, Restart and Retry
	why      []string // of Readiness
	dead     bool
	asked    []string // the acts, in words
	previews []string // the documents of PlanFor
}

func (l *fakeLoop) Known() reconcile.Known {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.known
	o.Services = append([]reconcile.Tracked{}, o.Services...)
	return o
}

func (l *fakeLoop) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

func (l *fakeLoop) Plan() (reconcile.Report, error) {
	return reconcile.Report{Project: "shop", Services: []reconcile.ServicePlan{}, Orphans: l.known.Orphans}, l.err
}

func (l *fakeLoop) PlanFor(doc *desired.Document) (reconcile.Report, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.previews = append(l.previews, string(doc.Source))
	return reconcile.Report{Project: doc.Project, Services: []reconcile.ServicePlan{}, Orphans: []reconcile.Orphan{}}, l.err
}

func (l *fakeLoop) Restart(key desired.Key, actor, why string) (int64, error) {
	o := l.Known()
	if _, listed := o.Service(key.Service); !listed || key.Project != o.Project {
		return 0, desired.ErrUnknownService
	}
	return 1, l.ask("restart " + key.Service + " by " + because(actor, why))
}

func (l *fakeLoop) Retry(key desired.Key, actor, why string) error {
	return l.ask("retry " + key.Service + " by " + because(actor, why))
}

func (l *fakeLoop) LookNow(actor, why string) { _ = l.ask("look by " + because(actor, why)) }
func (l *fakeLoop) Readiness() []string       { return l.why }
func (l *fakeLoop) Alive() bool               { return !l.dead }

// because is who asked, and why.
func because(actor, why string) string {
	if why == "" {
		return actor
	}
	return actor + ": " + why
}

func (l *fakeLoop) ask(what string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.asked = append(l.asked, what)
	}
	return l.err
}

// change publishes another status of the service, decided about now.
func (l *fakeLoop) change(name string, to func(*reconcile.Tracked)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known.Services = append([]reconcile.Tracked{}, l.known.Services...)
	for i := range l.known.Services {
		if n := &l.known.Services[i]; n.Name == name {
			n.DecidedAt = time.Now()
			to(n)
		}
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// forget takes the service out of the overview.
func (l *fakeLoop) forget(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known.Services = slices.DeleteFunc(slices.Clone(l.known.Services), func(n reconcile.Tracked) bool { return n.Name == name })
}

// fakeState keeps the document in memory, with the real parser and editor.
type fakeState struct {
	mu   sync.Mutex
	snap desired.Snapshot
	err  error // of Change
	by   desired.EditBy
	// revisions are the newest first; texts are those of the generations.
	revisions []desired.Revision
	texts     map[int64]string
}

func (s *fakeState) Snapshot() desired.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snap
}

func (s *fakeState) Path() string { return "state.yaml" }

func (s *fakeState) Change(p desired.Proposal, by desired.EditBy) (desired.Snapshot, bool, error) {
	doc, err := s.Preview(p, by)
	if err != nil {
		return s.Snapshot(), false, err
	}
	return s.accept(doc, by)
}

func (s *fakeState) Preview(p desired.Proposal, by desired.EditBy) (*desired.Document, error) {
	doc := s.Snapshot().Document
	if by.IfMatch != "" && by.IfMatch != doc.Digest {
		return nil, desired.ErrStale
	}
	src, err := p.Apply(doc)
	if err != nil {
		return nil, err
	}
	return desired.Parse("state.yaml", src)
}

func (s *fakeState) Revisions() []desired.Revision {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.revisions)
}

func (s *fakeState) Revision(generation int64) (desired.Revision, []byte, error) {
	for _, r := range s.Revisions() {
		if r.Generation == generation {
			return r, []byte(s.texts[generation]), nil
		}
	}
	return desired.Revision{}, nil, fmt.Errorf("%w %d", desired.ErrUnknownRevision, generation)
}

func (s *fakeState) Restoration(generation int64) (desired.Proposal, error) {
	_, src, err := s.Revision(generation)
	return desired.Replacement(src), err
}

func (s *fakeState) accept(doc *desired.Document, by desired.EditBy) (desired.Snapshot, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || doc.Digest == s.snap.Document.Digest {
		return s.snap, false, s.err
	}
	s.snap = desired.Snapshot{Document: doc, Generation: s.snap.Generation + 1}
	s.by = by
	s.keep(s.snap.Generation, doc, by)
	return s.snap, true, nil
}

// keep makes the document the newest revision.
func (s *fakeState) keep(generation int64, doc *desired.Document, by desired.EditBy) {
	s.texts[generation] = string(doc.Source)
	s.revisions = slices.Insert(s.revisions, 0, desired.Revision{
		Generation: generation, Kind: desired.KindState,
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Actor: by.Actor, Reason: by.Reason, Summary: "a change", Digest: doc.Digest,
	})
}

// world is a door with what is behind it.
type world struct {
	http.Handler
	loop    *fakeLoop
	state   *fakeState
	history *reconcile.History
	logs    *fakeLogs
	mu      sync.Mutex
	labels  map[string]int // what Observe was told
	options Options
	check   func(r *http.Request, body string, answer *httptest.ResponseRecorder) // against the description
}

// newWorld returns a door to a shop that is as its file says, at generation 7.
func newWorld(t *testing.T) *world {
	t.Helper()
	return worldOf(t, document)
}

// worldOf is newWorld with another file.
func worldOf(t *testing.T, document string) *world {
	t.Helper()
	doc, err := desired.Parse("state.yaml", []byte(document))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		labels: make(map[string]int),
		loop:   &fakeLoop{changed: make(chan struct{}), known: reconcile.Known{Project: doc.Project, Generation: 7, Orphans: []reconcile.Orphan{}, Warnings: []string{}}},
		state:  &fakeState{snap: desired.Snapshot{Document: doc, Generation: 7}, texts: make(map[int64]string)}, logs: &fakeLogs{},
	}
	w.state.keep(7, doc, desired.EditBy{Actor: "file"})
	status := map[desired.State]plan.Status{desired.Running: plan.StatusRunning, desired.Stopped: plan.StatusStopped, desired.Completed: plan.StatusCompleted}
	for _, s := range doc.Services {
		w.loop.known.Services = append(w.loop.known.Services, reconcile.Tracked{DecidedAt: time.Now(), Service: reconcile.Service{
			Project: "shop", Name: s.Name, Desired: string(s.State),
			Status: status[s.State], Converged: true, Definition: "none",
			Conditions: []reconcile.Condition{{Type: reconcile.Ready, Status: "True", Reason: string(plan.ReasonAsWanted), ObservedGeneration: 7}},
			Containers: []reconcile.Container{}, DependsOn: []string{}, Warnings: []string{},
			Generation: 7, ObservedGeneration: 7, Groups: append([]string{}, doc.GroupsOf(s.Name)...),
		}})
	}
	w.loop.known.Services[0].Containers = append(w.loop.known.Services[0].Containers, shownContainer("id1", "shop-web-1"))
	w.history = reconcile.NewHistory("boot", 8)
	w.options = Options{
		Loop: w.loop, State: w.state, History: w.history, Logs: w.logs, Version: "test",
		Now:     func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC) },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") }),
		Observe: func(route, method string, code int, _ time.Duration) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.labels[route+" "+method+" "+http.StatusText(code)]++
		},
	}
	w.Handler = Handler(w.options)
	w.check = func(r *http.Request, body string, answer *httptest.ResponseRecorder) {
		t.Helper()
		checked(t, r, body, answer)
	}
	return w
}

// open is a door to who is on this host.
var open = Door{Address: "127.0.0.1:0", Grants: Admin}

// Handler is what is answered at the open door.
func Handler(opt Options) http.Handler { return New(opt).Handler(open) }

// gone is the context of a request whose client has gone: what has no end is
// answered, and ends.
func gone() context.Context {
	ctx, leave := context.WithCancel(context.Background())
	leave()
	return ctx
}

// ask makes a request; header has names and values by turns. A body goes as
// JSON unless the header says otherwise. Whoever asks for a stream so goes at
// once.
func (w *world) ask(method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost"+target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if strings.HasPrefix(target, "/v1/events") || strings.Contains(target, "follow=true") {
		r = r.WithContext(gone())
	}
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	w.check(r, body, answer)
	return answer
}

// problemOf returns the answer as a problem, and fails where it is none.
func problemOf(t *testing.T, answer *httptest.ResponseRecorder) problem {
	t.Helper()
	var p problem
	err := json.Unmarshal(answer.Body.Bytes(), &p)
	if kind := answer.Header().Get("Content-Type"); err != nil || kind != "application/problem+json" {
		t.Fatalf("%d is told as %q, not as a problem: %s", answer.Code, kind, answer.Body)
	}
	if p.Status != answer.Code || p.Type == "" || p.Title == "" || p.Detail == "" {
		t.Errorf("the problem of a %d is incomplete: %+v", answer.Code, p)
	}
	return p
}
