package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/reconcile"
)

// patient makes a request and returns the channel of its answer.
func (w *world) patient(ctx context.Context, method, target, body string) <-chan *httptest.ResponseRecorder {
	answered := make(chan *httptest.ResponseRecorder, 1)
	go func() {
		r := httptest.NewRequestWithContext(ctx, method, "http://localhost"+target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		w.ServeHTTP(answer, r)
		answered <- answer
	}()
	return answered
}

func stalled(reason string) []reconcile.Condition {
	return []reconcile.Condition{{Type: reconcile.Stalled, Status: "True", Reason: reason}}
}

// TestAnAnswerWaitsForItsEnd plays what happens to web after a request, and
// looks when it is answered and with what.
func TestAnAnswerWaitsForItsEnd(t *testing.T) {
	type service = reconcile.Tracked
	after := func(d time.Duration, to func(*service)) func(*fakeLoop) {
		return func(l *fakeLoop) { <-time.After(d); l.change("web", to) } // a bubble's clock: it waits for nobody
	}
	const stop, start, restart = "PUT /v1/services/web/state", "POST /v1/services/web/start", "POST /v1/services/web/restart"
	for _, c := range []struct {
		name  string
		call  string
		now   func(*service) // before the request
		story []func(*fakeLoop)
		code  int
		at    time.Duration
	}{
		{"as wanted", stop + "?wait=30s", nil, []func(*fakeLoop){
			after(time.Second, func(n *service) { n.ObservedGeneration, n.Converged = 8, false }),
			after(time.Second, func(n *service) { n.Converged = true }),
		}, 200, 2 * time.Second},
		{"as wanted only before the edit", stop + "?wait=30s", nil, []func(*fakeLoop){
			after(time.Second, func(*service) {}),
		}, 202, 30 * time.Second},
		{"no time", stop, nil, nil, 202, 0},
		{"time-out", stop + "?wait=5m", nil, []func(*fakeLoop){
			after(time.Second, func(n *service) { n.ObservedGeneration, n.Converged = 8, false }),
		}, 202, 5 * time.Minute},
		{"stalled at this revision", stop + "?wait=30s", nil, []func(*fakeLoop){
			after(time.Second, func(n *service) { n.ObservedGeneration, n.Converged, n.Conditions = 8, false, stalled("Stuck") }),
		}, 202, time.Second},
		{"stalled at the revision before", stop + "?wait=30s", func(n *service) { n.Converged, n.Conditions = false, stalled("Stuck") }, []func(*fakeLoop){
			after(time.Second, func(n *service) { n.ObservedGeneration, n.Conditions, n.Converged = 8, nil, true }),
		}, 200, time.Second},
		{"suspended", stop + "?wait=30s", nil, []func(*fakeLoop){
			after(time.Second, func(n *service) { n.ObservedGeneration, n.Converged, n.Suspended = 8, false, &reconcile.Suspension{} }),
		}, 202, time.Second},
		{"started, and it runs", start + "?wait=30s", nil, nil, 200, 0},
		{"started, stalled before", start + "?wait=30s", func(n *service) { n.Converged, n.Conditions = false, stalled("NoProgress") }, []func(*fakeLoop){
			after(time.Second, func(n *service) { n.Conditions = nil }),
			after(time.Second, func(n *service) { n.Converged = true }),
		}, 200, 2 * time.Second},
		{"started, stalled again", start + "?wait=30s", func(n *service) { n.Converged, n.Conditions = false, stalled("NoProgress") }, []func(*fakeLoop){
			after(3*time.Second, func(*service) {}),
		}, 202, 3 * time.Second},
		{"restarted", restart + "?wait=30s", nil, []func(*fakeLoop){
			after(time.Second, func(n *service) { n.Converged = false }),
			after(time.Second, func(n *service) { n.Acts.Ended = 1 }),
			after(time.Second, func(n *service) { n.Converged = true }),
		}, 200, 3 * time.Second},
		{"a restart that failed", restart + "?wait=30s", nil, []func(*fakeLoop){
			after(time.Second, func(n *service) { n.Acts = reconcile.Acts{Ended: 1, Failed: 1, Why: "driver failed"} }),
		}, 202, time.Second},
		{"a restart of what is suspended meanwhile", restart + "?wait=30s", nil, []func(*fakeLoop){
			after(time.Second, func(n *service) { n.Suspended = &reconcile.Suspension{} }),
		}, 202, time.Second},
		{"a restart that isn't made", restart + "?wait=30s", nil, []func(*fakeLoop){
			after(time.Second, func(*service) {}),
		}, 202, 30 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				if c.now != nil {
					w.loop.change("web", c.now)
				}
				<-time.After(time.Millisecond) // what is decided from now on is later
				method, target, _ := strings.Cut(c.call, " ")
				body := map[string]string{"PUT": `{"state":"stopped"}`}[method]
				began := time.Now()
				answered := w.patient(t.Context(), method, target, body)
				var story sync.WaitGroup
				story.Go(func() {
					for _, step := range c.story {
						step(w.loop)
					}
				})
				answer := <-answered
				took := time.Since(began)
				story.Wait()
				if answer.Code != c.code || took != c.at {
					t.Errorf("answered with %d after %s, not %d after %s: %s", answer.Code, took, c.code, c.at, answer.Body)
				}
				var n reconcile.Tracked
				if err := json.Unmarshal(answer.Body.Bytes(), &n); err != nil || n.Name != "web" {
					t.Errorf("the body is not web's status (%v): %s", err, answer.Body)
				}
			})
		})
	}
}

func TestAServiceThatLeavesTheFileEndsTheWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		answered := w.patient(t.Context(), "PUT", "/v1/services/web/state?wait=1m", `{"state":"stopped"}`)
		synctest.Wait()
		w.loop.mu.Lock()
		w.loop.known.Services = w.loop.known.Services[1:]
		w.loop.mu.Unlock()
		w.loop.change("db", func(*reconcile.Tracked) {})
		if answer := <-answered; answer.Code != http.StatusNotFound {
			t.Errorf("%d %s", answer.Code, answer.Body)
		}
	})
}

func TestTheEditStaysWhenTheClientGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, leave := context.WithCancel(t.Context())
		answered := w.patient(ctx, "PUT", "/v1/services/web/state?wait=5m", `{"state":"stopped"}`)
		synctest.Wait()
		began := time.Now()
		leave()
		<-answered
		if took := time.Since(began); took != 0 {
			t.Errorf("the request lived %s longer than its client", took)
		}
		if s, _ := w.state.Snapshot().Document.Service("web"); s.State != "stopped" {
			t.Errorf("web is wanted %s", s.State)
		}
	})
}

func TestAWholeFileWaitsForAllServices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		body := `{"version":1,"project":"shop","services":{"web":"stopped","db":"stopped","migrate":{"job":true,"state":"completed"}}}`
		answered := w.patient(t.Context(), "PUT", "/v1/state?wait=1m", body)
		for _, name := range []string{"db", "migrate", "web"} {
			synctest.Wait()
			select {
			case answer := <-answered:
				t.Fatalf("answered before %s was looked at: %d %s", name, answer.Code, answer.Body)
			default:
			}
			w.loop.change(name, func(n *reconcile.Tracked) {
				n.ObservedGeneration = 8
				if name == "db" {
					n.Converged, n.Conditions = false, stalled("ContainerMissing")
				}
			})
		}
		answer := <-answered
		var o reconcile.Known
		if err := json.Unmarshal(answer.Body.Bytes(), &o); err != nil || answer.Code != http.StatusAccepted || len(o.Services) != 3 {
			t.Errorf("%d, %v: %s", answer.Code, err, answer.Body)
		}
	})
}
