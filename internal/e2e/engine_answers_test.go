package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// Row B7: an answer that is cut, that is none or that lacks something is no
// reason to do anything.
func TestAListThatIsNotWholeChangesNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		s := staged(h, "")
		p := before(t, h.address)
		s.keep(p.address)
		const list = "GET containers/json"
		// seen waits until the engine was asked so often with the fault.
		seen := func(f fault, times int) {
			t.Helper()
			p.set(on(list, f))
			for range times {
				n := p.count(list)
				s.d.send("POST", "/v1/reconcile", "{}")
				eventually(t, "listed", func() (bool, string) { return p.count(list) > n, "" })
			}
		}
		for name, c := range map[string]struct {
			fault fault
			says  string
		}{
			"broken off":         {brokenOff, "EOF"},
			"cut":                {edited(half), "EOF"},
			"500":                {says(500, `{"message":"out of memory"}`), "out of memory"},
			"no list":            {says(200, `{}`), "list"},
			"null":               {says(200, `null`), "the engine's answer is no list"},
			"a field is missing": {edited(func(body string) string { return strings.ReplaceAll(body, `"State":"running"`, `"Stat":"running"`) }), "lacks a container's ID or state"},
		} {
			seen(c.fault, 1)
			s.d.tells(c.says)
			p.set(nil)
			s.d.ready()
			s.did()
			t.Logf("%s: not ready, then ready again, nothing done", name)
		}

		// An empty one is whole, and is not believed: neither once nor for good.
		var empty atomic.Int32
		seen(func(w http.ResponseWriter, r *http.Request, engine http.Handler) {
			if empty.Add(1) > 1 {
				engine.ServeHTTP(w, r)
				return
			}
			says(200, "[]")(w, r, engine)
		}, 2)
		s.d.converged(1)
		seen(says(200, "[]"), 4)
		s.d.converged(1)
		if code, text := s.d.get("/readyz"); code != 200 {
			t.Errorf("an engine that has nothing can be asked all the same: %d %s", code, text)
		}

		// What an inspect lacks is not made up: what was known stays.
		look := "GET containers/" + s.id["db"] + "/json"
		n := p.count(look)
		p.set(on(look, edited(func(body string) string { return strings.ReplaceAll(body, `"Status":"exited"`, `"Sta":"exited"`) })))
		h.must(h.ContainerKill(t.Context(), s.id["db"], "KILL"))
		eventually(t, "asked again and again", func() (bool, string) { now := p.count(look); return now >= n+3, fmt.Sprint(now - n) })
		s.did()
		p.set(nil)
		s.becomes(s.container("db"), "running")
		s.over("start db")
	})
}

// Row B4: a container of which the engine tells nothing, or that it can't stop,
// holds up itself.
func TestAContainerThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		s := staged(h, "defaults: {stop_grace_period: 0s, retry: {initial: 1s, max: 1s}, restart_backoff: {initial: 1s, max: 1s}}\n")
		p := before(t, h.address)
		s.keep(p.address)
		p.set(on("GET containers/"+s.id["web"]+"/json", held))
		h.must(h.ContainerKill(t.Context(), s.id["web"], "KILL"))
		h.must(h.ContainerKill(t.Context(), s.id["db"], "KILL"))
		s.becomes(s.container("db"), "running")
		if st := s.state(s.id["web"]); st != "exited" {
			t.Errorf("web is %s, of which nobody could know", st)
		}
		s.did("start db")
		eventually(t, "it is told", func() (bool, string) {
			_, text := s.d.get("/v1/services/web")
			return strings.Contains(text, "what is shown of it is old") && strings.Contains(text, "no answer within 5s"), text
		})
		if code, text := s.d.get("/readyz"); code != 200 {
			t.Errorf("the engine answers, but it is not ready: %d %s", code, text)
		}
		p.set(nil)
		s.becomes(s.container("web"), "running")
		s.d.converged(1)

		p.set(on("POST containers/"+s.id["db"]+"/stop", held))
		if code, text := s.d.send("PUT", "/v1/services/db/state", `{"state":"stopped"}`); code != 202 && code != 200 {
			t.Fatalf("flip: %d %s", code, text)
		}
		eventually(t, "stopping", func() (bool, string) { status, _, message := s.d.said("db"); return status == "stopping", message })
		h.must(h.ContainerKill(t.Context(), s.id["web"], "KILL"))
		s.becomes(s.container("web"), "running")
		if status, _, message := s.d.said("db"); status != "stopping" {
			t.Errorf("db is %s: %s", status, message)
		}
		eventually(t, "its deadline is told", func() (bool, string) {
			return strings.Contains(s.d.log.String(), "no answer within 15s"), ""
		})
		p.set(nil)
		eventually(t, "stopped", func() (bool, string) { st := h.state(s.id["db"]); return st == "exited", st })
		s.d.converged(2)
		if code, text := s.d.send("PUT", "/v1/services/db/state?wait=30s", `{"state":"running"}`); code != 200 {
			t.Fatalf("flip back: %d %s", code, text)
		}
		s.well()
		done := make(map[string]int)
		for _, action := range s.d.actions() {
			done[action]++
		}
		tries := done["stop db error"] // one each 16 s
		if want := map[string]int{"start db": 2, "start web": 2, "stop db error": tries, "stop db": 1}; tries < 1 || !maps.Equal(done, want) {
			t.Errorf("it did %v, want %v", done, want)
		}
	})
}

// Row B6: the engine's oldest and newest API move.
func TestAnEngineOfAnotherVersionIsSpokenToInThat(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		s := staged(h, "")
		p := before(t, h.address)
		// speaks is an engine of which that is the newest API, until its end.
		speaks := func(version string, end <-chan struct{}) fault {
			return func(w http.ResponseWriter, r *http.Request, engine http.Handler) {
				switch call(r) {
				case "HEAD _ping", "GET _ping":
					w.Header().Set("Api-Version", version)
					return
				case "GET events":
					streamed(end, func(line string) string { return line })(w, r, engine)
					return
				}
				engine.ServeHTTP(w, r)
			}
		}
		tooOld := func(w http.ResponseWriter, r *http.Request, engine http.Handler) {
			if call(r) == "HEAD _ping" || call(r) == "GET _ping" {
				w.Header().Set("Api-Version", "1.99")
				return
			}
			says(400, `{"message":"client version 1.51 is too old. Minimum supported API version is 1.99, please upgrade your client to a newer version"}`)(w, r, engine)
		}
		p.set(tooOld)
		s.d = run(t, p.address, s.file, "--resync", "1s")
		s.d.tells("too old", "Minimum supported API version is 1.99")
		end := make(chan struct{})
		p.set(speaks("1.41", end))
		s.d.ready()
		s.d.converged(1)
		s.fds, s.goroutines = s.d.metric("process_open_fds"), s.d.metric("go_goroutines")
		if !strings.Contains(s.d.log.String(), "API 1.41") {
			t.Error("it doesn't say that it speaks 1.41")
		}

		// It comes back older than all that will do, and then newer.
		p.set(speaks("1.40", nil))
		close(end)
		s.d.tells("1.40", "1.41 is the oldest that will do")
		p.set(nil)
		s.d.ready()
		if !strings.Contains(s.d.log.String(), "API "+h.ClientVersion()) {
			t.Errorf("it doesn't say that it speaks %s", h.ClientVersion())
		}
		h.must(h.ContainerKill(t.Context(), s.id["web"], "KILL"))
		s.becomes(s.container("web"), "running")
		s.over("start web")
	})
}
