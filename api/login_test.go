package api

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// form asks for a path as a browser does, with what cookies it has.
func (w *world) form(method, target, body string, secure bool, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost"+target, strings.NewReader(body))
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if secure {
		r.TLS = &tls.ConnectionState{}
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	return answer
}

func tokenField(secret string) string { return url.Values{"token": {secret}}.Encode() }

// loggedIn returns the cookie of a new session.
func loggedIn(t *testing.T, w *world, role Role, secure bool) *http.Cookie {
	t.Helper()
	answer := w.form("POST", "/login", tokenField(secretOf(role)), secure)
	cookies := answer.Result().Cookies()
	if answer.Code != 303 || answer.Header().Get("Location") != "/" || len(cookies) != 1 {
		t.Fatalf("%d to %q, cookies %v: %s", answer.Code, answer.Header().Get("Location"), cookies, answer.Body)
	}
	return cookies[0]
}

// TestAPersonLogsInAndOut goes the whole way of a browser.
func TestAPersonLogsInAndOut(t *testing.T) {
	for _, secure := range []bool{false, true} {
		w := guarded(t, guardedDoor)
		if answer := w.form("GET", "/", "", secure); answer.Code != 303 || answer.Header().Get("Location") != "/login" {
			t.Errorf("the page: %d to %q", answer.Code, answer.Header().Get("Location"))
		}
		if answer := w.form("GET", "/login", "", secure); answer.Code != 200 || !strings.Contains(answer.Body.String(), `<form method="post" action="/login">`) {
			t.Errorf("the form: %d %s", answer.Code, answer.Body)
		}
		if answer := w.ask("GET", "/", "", "Accept", "text/html", "Authorization", "Bearer wrong"); answer.Code != 401 {
			t.Errorf("the page with a wrong token, which no browser sends by itself: %d", answer.Code)
		}
		c := loggedIn(t, w, Flip, secure)
		name := map[bool]string{false: "reconciler", true: "__Host-reconciler"}[secure]
		if c.Name != name || c.Secure != secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || len(c.Value) != 43 {
			t.Errorf("the cookie: %+v", c)
		}
		if strings.Contains(c.Value, secretOf(Flip)) {
			t.Error("the cookie holds the token")
		}
		if answer := w.form("GET", "/", "", secure, c); answer.Code != 200 || !strings.Contains(answer.Body.String(), `action="/logout"`) {
			t.Errorf("the page after: %d %s", answer.Code, answer.Body)
		}
		if answer := w.form("POST", "/v1/services/web/stop", "", secure, c); answer.Code != 202 || w.state.by.Actor != "http:panel" {
			t.Errorf("a flip: %d by %q: %s", answer.Code, w.state.by.Actor, answer.Body)
		}
		if answer := w.form("PUT", "/v1/state", "", secure, c); answer.Code != 403 {
			t.Errorf("what the role may not: %d", answer.Code)
		}
		if answer := w.form("GET", "/login", "", secure, c); !strings.Contains(answer.Body.String(), "http:panel") || !strings.Contains(answer.Body.String(), `action="/logout"`) {
			t.Errorf("who is logged in isn't told: %s", answer.Body)
		}
		answer := w.form("POST", "/logout", "", secure, c)
		if gone := answer.Result().Cookies(); answer.Code != 303 || answer.Header().Get("Location") != "/login" || len(gone) != 1 || gone[0].Name != name || gone[0].MaxAge >= 0 {
			t.Errorf("out: %d, %v", answer.Code, gone)
		}
		if answer := w.form("GET", "/v1/state", "", secure, c); answer.Code != 401 {
			t.Errorf("after that: %d", answer.Code)
		}
	}
}

// TestACookieOfTheOpenNetworkIsNoneUnderTLS: who can write cookies for the
// host without TLS can't smuggle in his own session.
func TestACookieOfTheOpenNetworkIsNoneUnderTLS(t *testing.T) {
	w := guarded(t, guardedDoor)
	c := loggedIn(t, w, Flip, false)
	if answer := w.form("GET", "/v1/state", "", true, c); answer.Code != 401 {
		t.Errorf("%d", answer.Code)
	}
}

func TestAWrongLoginIsToldInThePage(t *testing.T) {
	w := guarded(t, guardedDoor)
	for i := range maxFailures + 2 {
		answer := w.form("POST", "/login", tokenField("<script>alert(1)</script>-and-more"), false)
		want := 401
		if i >= maxFailures {
			want = 429
		}
		if text := answer.Body.String(); answer.Code != want || len(answer.Result().Cookies()) > 0 || !strings.Contains(text, `role="alert"`) || strings.Contains(text, "script") {
			t.Errorf("%d: %d, not %d: %s", i, answer.Code, want, text)
		}
		if answer.Header().Get("Retry-After") == "" == (want == 429) {
			t.Errorf("%d: Retry-After %q", i, answer.Header().Get("Retry-After"))
		}
	}
	loggedIn(t, w, Read, false) // a right one is taken at once
}

func TestAnOddLoginIsRefused(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		want       int
	}{
		{"application/json", `{"token":"x"}`, 415},
		{"text/plain", tokenField(secretOf(Admin)), 415},
		{"multipart/form-data; boundary=x", "--x--", 415},
		{"", tokenField(secretOf(Admin)), 415},
		{"application/x-www-form-urlencoded", "", 400},
		{"application/x-www-form-urlencoded", tokenField(secretOf(Admin)) + "&" + tokenField("x"), 400},
		{"application/x-www-form-urlencoded", tokenField(secretOf(Admin)) + "&next=//evil.example", 400},
		{"application/x-www-form-urlencoded", "token=%zz", 400},
		{"application/x-www-form-urlencoded", "token=" + strings.Repeat("x", maxBody), 413},
	} {
		w := guarded(t, guardedDoor)
		if answer := w.ask("POST", "/login", c.body, "Content-Type", c.kind); answer.Code != c.want || len(answer.Result().Cookies()) > 0 {
			t.Errorf("%s, %.40s: %d, not %d", c.kind, c.body, answer.Code, c.want)
		}
	}
	w := guarded(t, guardedDoor)
	answer := w.ask("POST", "/login", tokenField(secretOf(Admin)), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site")
	if answer.Code != 403 || len(answer.Result().Cookies()) > 0 {
		t.Errorf("from another site: %d", answer.Code)
	}
}

// TestASessionIsWorthWhatItsTokenIs, at every moment.
func TestASessionIsWorthWhatItsTokenIs(t *testing.T) {
	w := guarded(t, guardedDoor)
	c := loggedIn(t, w, Flip, false)
	rewrite := func(lines string) {
		writeFile(t, w.options.Tokens.path, lines)
		if err := w.options.Tokens.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	rewrite(tokenLine("panel", Read, secretOf(Flip)))
	if read, flip := w.form("GET", "/v1/state", "", false, c), w.form("POST", "/v1/services/web/stop", "", false, c); read.Code != 200 || flip.Code != 403 {
		t.Errorf("with less to do: %d, %d", read.Code, flip.Code)
	}
	rewrite("# nobody\n")
	if answer := w.form("GET", "/v1/state", "", false, c); answer.Code != 401 {
		t.Errorf("without the token: %d", answer.Code)
	}
	if answer := w.form("GET", "/", "", false, c); answer.Code != 303 {
		t.Errorf("the page: %d", answer.Code)
	}
	if err := os.Remove(w.options.Tokens.path); err != nil {
		t.Fatal(err)
	}
	if answer := w.form("GET", "/", "", false, c); answer.Code != 503 {
		t.Errorf("without the file: %d", answer.Code)
	}
	if answer := w.form("POST", "/login", tokenField(secretOf(Flip)), false); answer.Code != 503 {
		t.Errorf("a login without the file: %d", answer.Code)
	}
}

func TestASessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := guarded(t, guardedDoor)
		c := loggedIn(t, w, Read, false)
		<-time.After(sessionLife - 1)
		if answer := w.form("GET", "/v1/state", "", false, c); answer.Code != 200 {
			t.Errorf("just before: %d", answer.Code)
		}
		<-time.After(1)
		if answer := w.form("GET", "/v1/state", "", false, c); answer.Code != 401 {
			t.Errorf("at its end: %d", answer.Code)
		}
	})
}

func TestSessionsAreBounded(t *testing.T) {
	c := newClock()
	s := newSessions(func() time.Time { return c.now })
	first := s.begin(&token{})
	last := first
	for range maxSessionsPer + 10 {
		c.add(time.Second)
		last = s.begin(&token{})
	}
	if _, ok := s.of(first); ok || len(s.open) != maxSessionsPer {
		t.Errorf("%d sessions of one token, the first among them: %v", len(s.open), ok)
	}
	if _, ok := s.of(last); !ok {
		t.Error("it is the newest that was dropped")
	}
	if _, ok := s.of(""); ok {
		t.Error("no ID is one")
	}
	for i := range 2 * maxSessions {
		c.add(time.Second)
		last = s.begin(&token{sum: [32]byte{byte(i), byte(i >> 8), 1}})
	}
	if _, ok := s.of(last); !ok || len(s.open) != maxSessions {
		t.Errorf("%d sessions of many tokens, the newest among them: %v", len(s.open), ok)
	}
	c.add(sessionLife)
	if s.begin(&token{}); len(s.open) != 1 {
		t.Errorf("%d sessions once all the others are over", len(s.open))
	}
}

// TestWhoLogsInWithoutEndEndsNobodyElsesSession.
func TestWhoLogsInWithoutEndEndsNobodyElsesSession(t *testing.T) {
	w := guarded(t, guardedDoor)
	admin := loggedIn(t, w, Admin, false)
	for range maxSessions + 76 {
		loggedIn(t, w, Read, false)
	}
	if answer := w.form("GET", "/v1/state", "", false, admin); answer.Code != 200 {
		t.Errorf("the admin's session: %d", answer.Code)
	}
}

// TestAWrongCookieHidesNoRightOne: another program of this host, or of a host
// above it, may set one of the same name, and browsers send both.
func TestAWrongCookieHidesNoRightOne(t *testing.T) {
	for _, secure := range []bool{false, true} {
		w := guarded(t, guardedDoor)
		right, reader := loggedIn(t, w, Flip, secure), loggedIn(t, w, Read, secure)
		wrong := &http.Cookie{Name: right.Name, Value: "planted"}
		for name, cookies := range map[string][]*http.Cookie{"first": {wrong, right}, "last": {right, wrong}, "many": {wrong, wrong, wrong, right}} {
			if answer := w.form("GET", "/v1/state", "", secure, cookies...); answer.Code != 200 {
				t.Errorf("a wrong one %s: %d", name, answer.Code)
			}
		}
		if answer := w.form("GET", "/v1/state", "", secure, wrong); answer.Code != 401 {
			t.Errorf("a wrong one alone: %d", answer.Code)
		}
		if answer := w.form("POST", "/logout", "", secure, wrong, right, reader); answer.Code != 303 {
			t.Errorf("the logout: %d", answer.Code)
		}
		for _, c := range []*http.Cookie{right, reader} {
			if answer := w.form("GET", "/v1/state", "", secure, c); answer.Code != 401 {
				t.Errorf("after the logout: %d", answer.Code)
			}
		}
	}
}

// TestWhereNoTokenIsTakenNobodyLogsIn.
func TestWhereNoTokenIsTakenNobodyLogsIn(t *testing.T) {
	for _, door := range []Door{open, {Address: "unix:r", Grants: Flip}} {
		w := guarded(t, door)
		if answer := w.form("GET", "/", "", false); answer.Code != 200 {
			t.Errorf("the page: %d", answer.Code)
		}
		if answer := w.form("GET", "/login", "", false); answer.Code != 200 || strings.Contains(answer.Body.String(), "<form") {
			t.Errorf("the form: %d %s", answer.Code, answer.Body)
		}
		if answer := w.form("POST", "/login", tokenField(secretOf(Admin)), false); answer.Code != 303 || len(answer.Result().Cookies()) > 0 {
			t.Errorf("a login: %d %v", answer.Code, answer.Result().Cookies())
		}
	}
}
