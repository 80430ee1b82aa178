package api

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/desired"
	"reconciler/reconcile"
)

func TestAServiceIsHeldAndResumed(t *testing.T) {
	at := func(text string) time.Time {
		until, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return until
	}
	for _, c := range []struct {
		query, body string
		want        desired.Suspend
	}{
		{"", "", desired.Suspend{}},
		{"", "{}", desired.Suspend{}},
		{"", `{"reason":"debugging: \"x\" # 1"}`, desired.Suspend{Reason: `debugging: "x" # 1`}},
		{"?reason=tea", "", desired.Suspend{Reason: "tea"}},
		{"", `{"for":"2h"}`, desired.Suspend{Until: at("2026-01-02T05:04:06Z")}}, // rather longer than shorter
		{"", `{"for":"1s","reason":"short"}`, desired.Suspend{Until: at("2026-01-02T03:04:07Z"), Reason: "short"}},
		{"", `{"for":"8760h"}`, desired.Suspend{Until: at("2027-01-02T03:04:06Z")}},
		{"", `{"until":"2026-12-01T18:00:00+01:00"}`, desired.Suspend{Until: at("2026-12-01T17:00:00Z")}},
		{"", `{"until":"2026-01-02T03:04:06Z"}`, desired.Suspend{Until: at("2026-01-02T03:04:06Z")}},
	} {
		w := newWorld(t)
		answer := w.ask("PUT", "/v1/services/web/suspend"+c.query, c.body, "Reconciler-Actor", "cli:ann")
		s, _ := w.state.snap.Document.Service("web")
		c.want.By = "cli:ann"
		if answer.Code != 202 || s.Suspend == nil || *s.Suspend != c.want || s.State != desired.Running {
			t.Errorf("%s %s: %d, %+v, not %+v: %s", c.query, c.body, answer.Code, s.Suspend, c.want, answer.Body)
			continue
		}
		if w.state.by.Reason != c.want.Reason {
			t.Errorf("%s %s: because of %q", c.query, c.body, w.state.by.Reason)
		}
		if answer := w.ask("DELETE", "/v1/services/web/suspend", ""); answer.Code != 202 {
			t.Errorf("%s: resume: %d %s", c.body, answer.Code, answer.Body)
		}
		if s, _ := w.state.snap.Document.Service("web"); s.Suspend != nil {
			t.Errorf("%s: still held: %+v", c.body, s.Suspend)
		}
	}
	w := newWorld(t)
	if answer := w.ask("DELETE", "/v1/services/web/suspend", ""); answer.Code != 200 || w.state.snap.Generation != 7 {
		t.Errorf("resuming what isn't held: %d, generation %d", answer.Code, w.state.snap.Generation)
	}
}

func TestABadSuspensionHoldsNobody(t *testing.T) {
	for _, c := range []struct {
		call, body string
		code       int
		says       string
	}{
		{"PUT /v1/services/web/suspend", `{"for":"999ms"}`, 400, "8760h"},
		{"PUT /v1/services/web/suspend", `{"for":"8760h0m0.1s"}`, 400, "8760h"},
		{"PUT /v1/services/web/suspend", `{"for":"-2h"}`, 400, "8760h"},
		{"PUT /v1/services/web/suspend", `{"for":"2 hours"}`, 400, "such as 2h"},
		{"PUT /v1/services/web/suspend", `{"for":"9999999999h"}`, 400, "8760h"},
		{"PUT /v1/services/web/suspend", `{"for":""}`, 400, "such as 2h"},
		{"PUT /v1/services/web/suspend", `{"for":"","until":"2026-12-01T18:00:00Z"}`, 400, "exclude"},
		{"PUT /v1/services/web/suspend", `null`, 400, "no object"},
		{"PUT /v1/services/web/suspend", `{"for":7200}`, 400, "JSON"},
		{"PUT /v1/services/web/suspend", `{"for":"2h","until":"2026-12-01T18:00:00Z"}`, 400, "exclude"},
		{"PUT /v1/services/web/suspend", `{"until":"2026-01-02T03:04:05Z"}`, 400, "later than now"},
		{"PUT /v1/services/web/suspend", `{"until":"0001-01-01T00:00:00Z"}`, 400, "later than now"},
		{"PUT /v1/services/web/suspend", `{"until":"2027-01-03T00:00:00Z"}`, 400, "not after"},
		{"PUT /v1/services/web/suspend", `{"until":"tomorrow"}`, 400, "JSON"},
		{"PUT /v1/services/web/suspend", `{"until":""}`, 400, "JSON"},
		{"PUT /v1/services/web/suspend", `{"by":"root"}`, 400, "by"},
		{"PUT /v1/services/web/suspend", `{"reason":"a\u001bb"}`, 400, "one line"},
		{"PUT /v1/services/web/suspend", `{"for":"1h","for":"2h"}`, 400, "for"},
		{"PUT /v1/services/web/suspend", `true`, 400, "JSON"},
		{"PUT /v1/services/wbe/suspend", `{}`, 404, `did you mean "web"`},
		{"DELETE /v1/services/wbe/suspend", "", 404, `did you mean "web"`},
		{"DELETE /v1/services/web/suspend?for=2h", "", 400, "for"},
		{"PUT /v1/services/web/state", `{"replicas":0}`, 422, "at least 1"},
		{"PUT /v1/services/web/state", `{"replicas":-1}`, 422, "at least 1"},
		{"PUT /v1/services/web/state", `{"replicas":1001}`, 422, "1000"},
		{"PUT /v1/services/web/state", `{"replicas":2.5}`, 400, "JSON"},
		{"PUT /v1/services/web/state", `{"replicas":99999999999999999999}`, 400, "JSON"},
		{"PUT /v1/services/web/state", `{"replicas":null}`, 400, "which state"},
		{"PUT /v1/services/migrate/state", `{"replicas":2}`, 422, "job"},
		{"PUT /v1/services/web/state", `{"replicas":2,"state":"halted"}`, 422, "halted"},
	} {
		w := newWorld(t)
		method, target, _ := strings.Cut(c.call, " ")
		p := problemOf(t, w.ask(method, target, c.body))
		if p.Status != c.code || !strings.Contains(p.Detail, c.says) {
			t.Errorf("%s %s: %d %s, not %d with %q", c.call, c.body, p.Status, p.Detail, c.code, c.says)
		}
		if w.state.snap.Generation != 7 {
			t.Errorf("%s %s: refused, and yet it did something", c.call, c.body)
		}
	}
}

// TestReplicasAreForAdmins.
func TestReplicasAreForAdmins(t *testing.T) {
	for role, want := range map[Role]int{Flip: 403, Admin: 202} {
		w := newWorld(t)
		w.Handler = New(w.options).Handler(Door{Address: "127.0.0.1:0", Grants: role})
		answer := w.ask("PUT", "/v1/services/web/state", `{"replicas":3,"state":"stopped"}`)
		s, _ := w.state.snap.Document.Service("web")
		if answer.Code != want || (s.Replicas == 3 && s.State == desired.Stopped) != (want == 202) {
			t.Errorf("%s: %d, %+v", role, answer.Code, s)
		}
	}
}

// TestAHoldIsWaitedForUntilTheLoopKnows, whatever the service does; its end,
// until the service is as wanted.
func TestAHoldIsWaitedForUntilTheLoopKnows(t *testing.T) {
	for method, want := range map[string]time.Duration{"PUT": time.Second, "DELETE": 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			w := held(t)
			began := time.Now()
			answered := w.patient(t.Context(), method, "/v1/services/web/suspend?wait=30s", "{}")
			var story sync.WaitGroup
			story.Go(func() {
				<-time.After(time.Second)
				w.loop.change("web", func(n *reconcile.Tracked) { n.ObservedGeneration, n.Converged = 8, false })
				<-time.After(time.Second)
				w.loop.change("web", func(n *reconcile.Tracked) { n.Converged = true })
			})
			answer := <-answered
			if took := time.Since(began); answer.Code != 200 || took != want {
				t.Errorf("%s: %d after %s, not %s", method, answer.Code, took, want)
			}
			story.Wait()
		})
	}
}
