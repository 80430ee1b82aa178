package api

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestOnlyThisHostGetsIn holds for every route alike, also for those that only
// read.
func TestOnlyThisHostGetsIn(t *testing.T) {
	for _, c := range []struct {
		name   string
		host   string
		header []string
		want   int // 0: it gets in
		kind   string
	}{
		{"by number", "127.0.0.1:8480", nil, 0, ""},
		{"by name", "localhost", nil, 0, ""},
		{"by name, shouted", "LOCALHOST:8480", nil, 0, ""},
		{"by IPv6", "[::1]:8480", nil, 0, ""},
		{"by the listen address", "127.0.0.2:8480", nil, 0, ""},
		{"without a host", "", nil, http.StatusBadRequest, "no_host"},
		{"by a name that was pointed here", "evil.example:8480", nil, http.StatusForbidden, "host"},
		{"by a name that begins like ours", "localhost.evil.example", nil, http.StatusForbidden, "host"},
		{"by a name that ends like ours", "evil-localhost", nil, http.StatusForbidden, "host"},
		{"by the LAN's address", "192.168.1.5:8480", nil, http.StatusForbidden, "host"},
		{"by any address", "0.0.0.0:8480", nil, http.StatusForbidden, "host"},
		{"through a proxy", "localhost", []string{"X-Forwarded-For", "10.0.0.1"}, http.StatusForbidden, "forwarded"},
		{"through a proxy that names the host", "localhost", []string{"X-Forwarded-Host", "localhost"}, http.StatusForbidden, "forwarded"},
		{"through a proxy of the standard", "localhost", []string{"Forwarded", "for=10.0.0.1"}, http.StatusForbidden, "forwarded"},
		{"through a proxy that says nothing", "localhost", []string{"X-Forwarded-Proto", ""}, http.StatusForbidden, "forwarded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, route := range table(t) {
				w := newWorld(t)
				w.options.Hosts = []string{"127.0.0.2"}
				w.Handler = Handler(w.options)
				r := httptest.NewRequest(route.method, concrete(route.path), nil).WithContext(gone())
				r.Host = c.host
				for i := 0; i < len(c.header); i += 2 {
					r.Header.Set(c.header[i], c.header[i+1])
				}
				answer := httptest.NewRecorder()
				w.ServeHTTP(answer, r)
				if c.want == 0 {
					if answer.Code == http.StatusForbidden {
						t.Errorf("%s %s: %d %s", route.method, route.path, answer.Code, answer.Body)
					}
					continue
				}
				if p := problemOf(t, answer); p.Status != c.want || p.Type != c.kind {
					t.Errorf("%s %s: %d %s, not %d %s", route.method, route.path, p.Status, p.Type, c.want, c.kind)
				}
				if len(w.loop.asked) > 0 || w.state.snap.Generation != 7 {
					t.Errorf("%s %s was refused, and did something", route.method, route.path)
				}
			}
		})
	}
}

// TestAPageOfAnotherSiteChangesNothing: a browser says where a request comes
// from, and what isn't a browser says nothing.
func TestAPageOfAnotherSiteChangesNothing(t *testing.T) {
	for _, c := range []struct {
		name    string
		header  []string
		refused bool
	}{
		{"no browser", nil, false},
		{"our own page", []string{"Sec-Fetch-Site", "same-origin"}, false},
		{"our own page, an old browser", []string{"Origin", "http://localhost"}, false},
		{"typed by the user", []string{"Sec-Fetch-Site", "none"}, false},
		{"another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, true},
		{"another service of this host", []string{"Sec-Fetch-Site", "same-site", "Origin", "http://localhost:3000"}, true},
		{"another port, an old browser", []string{"Origin", "http://localhost:3000"}, true},
		{"another site, an old browser", []string{"Origin", "https://evil.example"}, true},
		{"a sandboxed frame", []string{"Origin", "null"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, route := range table(t) {
				w := newWorld(t)
				answer := w.ask(route.method, concrete(route.path), "", c.header...)
				if refused := answer.Code == http.StatusForbidden; refused != (c.refused && route.method != http.MethodGet) {
					t.Errorf("%s %s: %d %s", route.method, route.path, answer.Code, answer.Body)
				}
				if c.refused && (len(w.loop.asked) > 0 || w.state.snap.Generation != 7) {
					t.Errorf("%s %s was refused, and did something", route.method, route.path)
				}
			}
		})
	}
}

func TestEveryAnswerIsProtected(t *testing.T) {
	ask := map[string]func(*world) *httptest.ResponseRecorder{
		"a page":    func(w *world) *httptest.ResponseRecorder { return w.ask("GET", "/", "") },
		"a status":  func(w *world) *httptest.ResponseRecorder { return w.ask("GET", "/v1/services", "") },
		"metrics":   func(w *world) *httptest.ResponseRecorder { return w.ask("GET", "/metrics", "") },
		"nothing":   func(w *world) *httptest.ResponseRecorder { return w.ask("GET", "/nothing", "") },
		"a refusal": func(w *world) *httptest.ResponseRecorder { return w.ask("GET", "/", "", "X-Forwarded-For", "1") },
		"a preflight": func(w *world) *httptest.ResponseRecorder {
			return w.ask("OPTIONS", "/v1/state", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "PUT")
		},
	}
	for name, ask := range ask {
		h := ask(newWorld(t)).Header()
		if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; ") || strings.Contains(csp, "script") ||
			!strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: Content-Security-Policy: %s", name, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: %v", name, h)
		}
		if h.Get("Cross-Origin-Resource-Policy") != "same-origin" || h.Get("Cross-Origin-Opener-Policy") != "same-origin" {
			t.Errorf("%s: pages of other sites may hold it: %v", name, h)
		}
		for header := range h {
			if strings.HasPrefix(header, "Access-Control-") {
				t.Errorf("%s: %s: %s", name, header, h.Get(header))
			}
		}
	}
}

// TestAConnectionFromAnotherHostIsNotOfThisOne, though it reached a loopback
// address: hosts that route these let their containers and neighbours in.
func TestAConnectionFromAnotherHostIsNotOfThisOne(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8480}
	for from, want := range map[string]int{
		"127.0.0.1:5": 200, "127.8.0.1:5": 200, "[::1]:5": 200, "[::ffff:127.0.0.1]:5": 200,
		"172.17.0.2:5": 403, "[fe80::1%eth0]:5": 403, "[::ffff:10.0.0.1]:5": 403, "nonsense": 403,
	} {
		w := newWorld(t)
		r := httptest.NewRequest("GET", "http://localhost/v1/services", nil)
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, at))
		r.RemoteAddr = from
		answer := httptest.NewRecorder()
		if w.ServeHTTP(answer, r); answer.Code != want {
			t.Errorf("from %s: %d %s", from, answer.Code, answer.Body)
		}
		w = guarded(t, guardedDoor)
		r.Header.Set("Authorization", "Bearer "+secretOf(Read))
		answer = httptest.NewRecorder()
		if w.ServeHTTP(answer, r); answer.Code != 200 {
			t.Errorf("from %s, with a token: %d %s", from, answer.Code, answer.Body)
		}
	}
}
