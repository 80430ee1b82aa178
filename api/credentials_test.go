package api

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// guarded is a world behind a door that takes tokens.
func guarded(t *testing.T, door Door) *world {
	t.Helper()
	w := newWorld(t)
	w.options.Tokens = tokensOf(t)
	w.options.Hosts = []string{"Panel.example.org", "[fd00::1]"}
	w.Handler = New(w.options).Handler(door)
	return w
}

var guardedDoor = Door{Address: "127.0.0.1:0"}

func TestAMissingAndAWrongTokenAreAnsweredAlike(t *testing.T) {
	w := guarded(t, guardedDoor)
	missing := w.ask("GET", "/v1/state", "")
	p := problemOf(t, missing)
	if p.Status != 401 || p.Type != "unauthorized" || missing.Header().Get("WWW-Authenticate") != `Bearer realm="reconciler"` {
		t.Errorf("%d %s, %v", p.Status, p.Type, missing.Header())
	}
	right := secretOf(Admin)
	for i, wrong := range []string{
		"", "Bearer", "Bearer ", "Bearer  ", right, "Basic " + right, "Bearer " + right + "x", "Bearer " + right + " x",
		"Bearer\t" + right, "Bearer " + right + "=, Bearer x", "Digest x",
	} {
		r := httptest.NewRequest("GET", "http://localhost/v1/state", nil)
		r.RemoteAddr = "10.0.0." + string(rune('a'+i)) // nobody guesses too often
		r.Header["Authorization"] = []string{wrong}
		answer := httptest.NewRecorder()
		w.ServeHTTP(answer, r)
		if answer.Code != missing.Code || answer.Body.String() != missing.Body.String() {
			t.Errorf("%q: %d %s", wrong, answer.Code, answer.Body)
		}
	}
	twice := httptest.NewRequest("GET", "http://localhost/v1/state", nil)
	twice.Header["Authorization"] = []string{"Bearer " + right, "Bearer " + right}
	answer := httptest.NewRecorder()
	if w.ServeHTTP(answer, twice); answer.Code != 401 {
		t.Errorf("two credentials: %d", answer.Code)
	}
	for _, spelt := range []string{"Bearer " + right, "bearer " + right, "BEARER   " + right} {
		if answer := w.ask("GET", "/v1/state", "", "Authorization", spelt); answer.Code != 200 {
			t.Errorf("%q: %d", spelt, answer.Code)
		}
	}
}

// TestABrowserMustNameAHostThatIsKnown: only a token, which no page of another
// site has, makes the name meaningless.
func TestABrowserMustNameAHostThatIsKnown(t *testing.T) {
	for _, c := range []struct {
		door  Door
		host  string
		role  Role // whose token is shown
		want  int
		kinds string
	}{
		{guardedDoor, "evil.example", Read, 200, ""},
		{guardedDoor, "evil.example", None, 403, "host"},
		{guardedDoor, "evil.example", "wrong", 403, "host"},
		{guardedDoor, "panel.example.org:443", None, 401, "unauthorized"},
		{guardedDoor, "PANEL.EXAMPLE.ORG", Read, 200, ""},
		{guardedDoor, "[fd00::1]:8480", None, 401, "unauthorized"},
		{guardedDoor, "localhost", None, 401, "unauthorized"},
		{guardedDoor, "0.0.0.0", None, 403, "host"},
		{open, "evil.example", Admin, 403, "host"}, // no token is looked at here
		{Door{Address: "unix:r", Grants: Flip}, "evil.example", None, 200, ""},
		{Door{Address: "0.0.0.0:0", Metrics: true}, "reconciler", None, 404, "not_found"},
	} {
		w := guarded(t, c.door)
		r := httptest.NewRequest("GET", "/v1/state", nil)
		r.Host = c.host
		if c.role != None {
			r.Header.Set("Authorization", "Bearer "+secretOf(c.role))
		}
		answer := httptest.NewRecorder()
		w.ServeHTTP(answer, r)
		if answer.Code != c.want {
			t.Errorf("%+v: %d %s", c, answer.Code, answer.Body)
		} else if c.kinds != "" && problemOf(t, answer).Type != c.kinds {
			t.Errorf("%+v: %s", c, answer.Body)
		}
	}
}

func TestAProxyIsWelcomeWhereATokenTellsWhoAsks(t *testing.T) {
	for _, c := range []struct {
		door Door
		want int
	}{
		{open, 403}, {guardedDoor, 200}, {Door{Address: "unix:r", Grants: Flip}, 200},
	} {
		w := guarded(t, c.door)
		for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
			if answer := w.ask("GET", "/v1/state", "", "Authorization", "Bearer "+secretOf(Read), name, "x"); answer.Code != c.want {
				t.Errorf("%+v, %s: %d %s", c.door, name, answer.Code, answer.Body)
			}
		}
	}
}

func TestACredentialInTheQueryIsNone(t *testing.T) {
	for _, kind := range doorsOfAllKinds {
		w := guarded(t, kind.door)
		for _, query := range []string{"token=x", "access_token=", "a=b&Token=" + secretOf(Admin), "%74oken=x", "wait=1s;x&token=1", "wait=1s;token=1", "token=%zz", "TOKEN%zz&token"} {
			answer := w.ask("GET", "/healthz?"+query, "", "Authorization", "Bearer "+secretOf(Admin))
			if p := problemOf(t, answer); p.Status != 400 || p.Type != "credentials_in_query" || strings.Contains(answer.Body.String(), secretOf(Admin)) {
				t.Errorf("%s, %s: %s", kind.name, query, answer.Body)
			}
		}
	}
}

// TestARevisionNamesWhoMadeIt: the holder of the token, and where there are no
// tokens, whom our own command names.
func TestARevisionNamesWhoMadeIt(t *testing.T) {
	for _, c := range []struct {
		door  Door
		says  string
		actor string
	}{
		{open, "", "http:loopback"},
		{open, "cli:ann", "cli:ann"},
		{open, "http:root", "http:loopback"},
		{open, "cli:a b", "http:loopback"},
		{Door{Address: "unix:r", Grants: Flip}, "", "http:socket"},
		{Door{Address: "unix:r", Grants: Flip}, "cli:ann", "cli:ann"},
		{guardedDoor, "", "http:panel"},
		{guardedDoor, "cli:ann", "http:panel"},
	} {
		w := guarded(t, c.door)
		answer := w.ask("PUT", "/v1/services/web/state", `{"state":"stopped"}`, "Authorization", "Bearer "+secretOf(Flip), "Reconciler-Actor", c.says)
		if answer.Code != 202 || w.state.by.Actor != c.actor {
			t.Errorf("%+v: %d by %q", c, answer.Code, w.state.by.Actor)
		}
	}
}

// TestWhileTheTokensCantBeReadNobodyIsLetIn, and whoever needs no token is.
func TestWhileTheTokensCantBeReadNobodyIsLetIn(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "tokens")
	writeFile(t, file, tokenLine("root", Admin, secretOf(Admin)))
	var err error
	if w.options.Tokens, err = OpenTokens(file, nil); err != nil {
		t.Fatal(err)
	}
	api := New(w.options)
	w.Handler = api.Handler(guardedDoor)
	session := "reconciler=" + api.s.sessions.begin(mustFind(t, w.options.Tokens, Admin))
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	for name, header := range map[string][]string{
		"no token": nil, "a right token": {"Authorization", "Bearer " + secretOf(Admin)},
		"a wrong token": {"Authorization", "Bearer x"}, "a session": {"Cookie", session}, "a browser": {"Accept", "text/html"},
	} {
		for _, target := range []string{"/v1/state", "/", "/nothing"} {
			if p := problemOf(t, w.ask("GET", target, "", header...)); p.Status != 503 || p.Type != "tokens_unreadable" {
				t.Errorf("%s, GET %s: %d %s", name, target, p.Status, p.Type)
			}
		}
		if answer := w.ask("GET", "/healthz", "", header...); answer.Code != 200 {
			t.Errorf("%s, GET /healthz: %d", name, answer.Code)
		}
	}
	w.Handler = api.Handler(Door{Address: "unix:r", Grants: Flip})
	if answer := w.ask("GET", "/v1/state", ""); answer.Code != 200 {
		t.Errorf("by the socket: %d", answer.Code)
	}
}

func mustFind(t *testing.T, tokens *Tokens, role Role) *token {
	t.Helper()
	found, err := tokens.find(secretOf(role))
	if err != nil || found == nil {
		t.Fatalf("no token of %s: %v", role, err)
	}
	return found
}

// TestWithoutATokenFileNobodyHasAToken: --allowed-host alone opens nothing.
func TestWithoutATokenFileNobodyHasAToken(t *testing.T) {
	w := newWorld(t)
	w.Handler = New(w.options).Handler(guardedDoor)
	for _, header := range [][]string{nil, {"Authorization", "Bearer " + secretOf(Admin)}, {"Accept", "text/html"}, {"Cookie", "reconciler=x"}} {
		if p := problemOf(t, w.ask("GET", "/", "", header...)); p.Status != http.StatusUnauthorized {
			t.Errorf("%v: %d %s", header, p.Status, p.Type)
		}
	}
}
