package api

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed login.html
var loginSource string

var loginTemplate = template.Must(template.New("login").Parse(loginSource))

// shownLogin is what the login page shows.
type shownLogin struct {
	Trouble string // why it didn't work; empty: nothing was tried
	Open    bool   // the door takes no token
	Actor   string // who is logged in; empty: nobody
}

// login shows the form.
func (s *server) login(r *http.Request) (reply, error) {
	var shown shownLogin
	switch v := visitorOf(r); {
	case v.session:
		shown.Actor = v.actor
	case v.role.may(Read):
		shown.Open = true
	}
	return showLogin(http.StatusOK, nil, shown)
}

func showLogin(status int, header map[string]string, shown shownLogin) (reply, error) {
	var page bytes.Buffer
	if err := loginTemplate.Execute(&page, shown); err != nil {
		return nil, err
	}
	return text{status: status, kind: htmlText, header: header, bytes: page.Bytes()}, nil
}

// postLogin opens a session for whoever knows a token.
func (s *server) postLogin(r *http.Request) (reply, error) {
	secret, err := readLogin(r)
	if err != nil {
		return nil, err
	}
	v := visitorOf(r)
	if v.token == nil && v.role.may(Read) { // by the door: there is nothing to log in to
		return redirect{to: "/"}, nil
	}
	p := unauthorized()
	var t *token
	if s.opt.Tokens != nil {
		t, p = s.holder(r, secret)
	}
	if p != nil {
		return showLogin(p.Status, p.header, shownLogin{Trouble: trouble[p.Type]})
	}
	return redirect{to: "/", cookie: sessionCookie(v.secure, s.sessions.begin(t), int(sessionLife.Seconds()))}, nil
}

// trouble says in the form's words why nobody was let in.
var trouble = map[string]string{
	"unauthorized":      "Nobody has this token.",
	"too_many_failures": "Too many wrong tokens came from your address. Wait a minute; a right one is taken at once.",
	"tokens_unreadable": "The token file can't be used, so nobody is let in. The log says why.",
}

// logout ends the session; all of them, where the browser shows several.
func (s *server) logout(r *http.Request) (reply, error) {
	secure := visitorOf(r).secure
	for _, cookie := range r.CookiesNamed(cookieName(secure)) {
		s.sessions.end(cookie.Value)
	}
	return redirect{to: "/login", cookie: sessionCookie(secure, "", -1)}, nil
}

// readLogin returns the token of the form.
func readLogin(r *http.Request) (string, error) {
	body, err := readBody(r)
	if err != nil {
		return "", err
	}
	if kind := mediaType(r); kind != typeForm {
		return "", newProblem(http.StatusUnsupportedMediaType, "media_type", "the body is %q; send it as a form: %s", kind, typeForm)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form) != 1 || len(form["token"]) != 1 {
		return "", newProblem(http.StatusBadRequest, "malformed", "the form has one field, token")
	}
	return strings.TrimSpace(form.Get("token")), nil
}

// sendsToLogin reports whether the request is that of a person's browser for
// the page, who has to log in first.
func (s *server) sendsToLogin(r *http.Request, p *problem) bool {
	return p.Type == "unauthorized" && s.opt.Tokens != nil && r.URL.Path == "/" &&
		(r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		len(r.Header.Values("Authorization")) == 0 && strings.Contains(r.Header.Get("Accept"), typeHTML)
}

// cookieName binds the cookie to this very host where the connection is
// encrypted.
func cookieName(secure bool) string {
	if secure {
		return "__Host-reconciler"
	}
	return "reconciler"
}

func sessionCookie(secure bool, id string, age int) *http.Cookie {
	return &http.Cookie{Name: cookieName(secure), Value: id, Path: "/", MaxAge: age, Secure: secure, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}
