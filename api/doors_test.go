package api

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The doors of these tests, one of each kind.
var doorsOfAllKinds = []struct {
	name string
	door Door
	tls  bool
}{
	{"open loopback", open, false},
	{"guarded loopback", Door{Address: "127.0.0.1:0"}, false},
	{"guarded TLS", Door{Address: "0.0.0.0:0", WebConfig: "web.yaml"}, true},
	{"unix flip", Door{Address: "unix:r.sock", Grants: Flip}, false},
	{"unix admin", Door{Address: "unix:a.sock", Grants: Admin}, false},
	{"metrics", Door{Address: "0.0.0.0:0", Metrics: true}, false},
}

// secretOf is the token of the holder of that role in tokensOf.
func secretOf(role Role) string { return "a-secret-that-is-long-of-" + string(role) }

// tokenLine is a line of a token file.
func tokenLine(name string, role Role, secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return fmt.Sprintf("%s %s %s\n", name, role, hex.EncodeToString(sum[:]))
}

// tokensOf returns the tokens of a file with one holder of each role.
func tokensOf(t *testing.T) *Tokens {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tokens")
	writeFile(t, file, "# who may\n"+tokenLine("eye", Read, secretOf(Read))+tokenLine("panel", Flip, secretOf(Flip))+tokenLine("root", Admin, secretOf(Admin)))
	tokens, err := OpenTokens(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// expected says which problem the guards answer with, by the table alone; "":
// none, the route answers.
func expected(table []route, d Door, has Role, method, path string) string {
	order := "none read flip admin"
	var needs Role
	var takes []string
	for _, r := range table {
		if !fits(r.path, path) || d.Metrics && path != "/metrics" && path != "/healthz" && path != "/readyz" {
			continue
		}
		takes = append(takes, r.method)
		if r.method == method || r.method == "GET" && method == "HEAD" {
			needs = r.role
		}
	}
	switch {
	case needs != "" && (d.Metrics || strings.Index(order, string(has)) >= strings.Index(order, string(needs))):
		return ""
	case has == None && !d.Metrics:
		return "unauthorized"
	case needs != "":
		return "role"
	case len(takes) > 0:
		return "method_not_allowed"
	}
	return "not_found"
}

// refusals are the problems of guards, which no route has.
var refusals = []string{
	"unauthorized", "role", "method_not_allowed", "not_found", "host", "origin", "forwarded", "no_host",
	"transfer_encoding", "credentials_in_query", "too_many_failures", "tokens_unreadable",
}

// TestWhoMayWhatAtEachDoor asks each door for each path, by each method, as
// each role; what is refused does nothing. The request is over when it comes,
// so that no route waits.
func TestWhoMayWhatAtEachDoor(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	routes := table(t)
	var paths []string
	for _, r := range routes {
		if path := concrete(r.path); !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	paths = append(paths, "/v1", "/v1/nothing", "/v1/state/", "/v1/services/web/state/x", "/metrics/", "/favicon.ico", "/debug/pprof/")
	shown := []Role{None, "wrong", Read, Flip, Admin}
	asked, byAnswer := 0, make(map[string]int)
	for _, kind := range doorsOfAllKinds {
		for _, credential := range shown {
			w := newWorld(t)
			w.options.Tokens = tokensOf(t)
			handler := New(w.options).Handler(kind.door)
			has := credential
			switch {
			case kind.door.Grants != "":
				has = kind.door.Grants
			case credential == "wrong":
				has = None
			}
			for _, path := range paths {
				for _, method := range append([]string{"TRACE", "CONNECT", "BREW", "get"}, methods...) {
					r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil).WithContext(over)
					r.Method = method
					r.RemoteAddr = fmt.Sprintf("10.%d.%d.1:1", asked>>8&255, asked&255) // nobody guesses too often
					if kind.tls {
						r.TLS = &tls.ConnectionState{}
					}
					if credential != None {
						r.Header.Set("Authorization", "Bearer "+secretOf(credential))
					}
					generation, acts := w.state.Snapshot().Generation, len(w.loop.asked)
					answer := httptest.NewRecorder()
					handler.ServeHTTP(answer, r)
					asked++
					var p problem
					_ = json.Unmarshal(answer.Body.Bytes(), &p) // what isn't JSON is no refusal
					if !slices.Contains(refusals, p.Type) {
						p.Type = ""
					}
					want := expected(routes, kind.door, has, method, path)
					byAnswer[want]++
					if p.Type != want {
						t.Errorf("%s, %s: %s %s: %d %q, not %q", kind.name, credential, method, path, answer.Code, p.Type, want)
					}
					if want != "" && (w.state.Snapshot().Generation != generation || len(w.loop.asked) != acts) {
						t.Errorf("%s, %s: %s %s was refused, and did something", kind.name, credential, method, path)
					}
				}
			}
		}
	}
	t.Logf("%d requests: %d routes, %d paths, %d doors, %d credentials; answers of the guards: %v", asked, len(routes), len(paths), len(doorsOfAllKinds), len(shown), byAnswer)
	for _, kind := range []string{"", "unauthorized", "role", "method_not_allowed", "not_found"} {
		if byAnswer[kind] == 0 {
			t.Errorf("no request was answered with %q, so nothing is proven about it", kind)
		}
	}
}

// TestEachRouteNamesARole: what has none would be for nobody.
func TestEachRouteNamesARole(t *testing.T) {
	for _, r := range table(t) {
		if !slices.Contains(ranks, r.role) {
			t.Errorf("%s %s has the role %q", r.method, r.path, r.role)
		}
		if r.method != http.MethodGet && r.role == None && !strings.HasPrefix(r.path, "/log") {
			t.Errorf("%s %s is for everybody", r.method, r.path)
		}
	}
}

// TestRolesAreRanked: each may what those before it may, and what isn't a role
// may nothing.
func TestRolesAreRanked(t *testing.T) {
	for i, has := range ranks {
		for j, needed := range ranks {
			if has.may(needed) != (i >= j) {
				t.Errorf("%s may what needs %s: %v", has, needed, has.may(needed))
			}
		}
		if Role("owner").may(has) || has.may("owner") || has.may("") {
			t.Errorf("a role that nobody knows is ranked with %s", has)
		}
	}
	if Role("").may(Read) || !Role("").may(None) {
		t.Error("no role is not None")
	}
}

// TestAHandlerAsksForMoreThanItsRoute, and says which role it takes.
func TestAHandlerAsksForMoreThanItsRoute(t *testing.T) {
	plain := httptest.NewRequest("GET", "/", nil)
	if permit(plain, Read) == nil || permit(plain, None) != nil {
		t.Error("who passed no guard may something")
	}
	flipper := visitor{role: Flip}.enter(plain)
	if err := permit(flipper, Flip); err != nil {
		t.Error(err)
	}
	if p := explain(permit(flipper, Admin)); p.Status != 403 || p.Type != "role" || !strings.Contains(p.Detail, "admin") {
		t.Errorf("%+v", p)
	}
}
