package api

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// bearerToken is an Authorization header as RFC 6750 has it.
var bearerToken = regexp.MustCompile(`^(?i:bearer) +([A-Za-z0-9._~+/-]+=*)$`)

// cliActor is how our own command says who uses it. A door that lets in by
// where one is can believe it as much as anything else.
var cliActor = regexp.MustCompile(`^cli:[A-Za-z0-9._-]{1,32}$`)

// identify returns who makes the request at that door, and, where the door
// grants nothing by itself, why the request shows no credential that counts. A
// wrong one is counted, whatever the request is for.
func (s *server) identify(d Door, r *http.Request) (visitor, *problem) {
	switch {
	case d.Metrics:
		return visitor{role: Read, actor: "http:metrics"}, nil
	case !d.guarded():
		return visitor{role: d.Grants, actor: local(d, r), secure: r.TLS != nil}, nil
	}
	nobody := visitor{role: None, actor: "http:nobody", secure: r.TLS != nil}
	if s.opt.Tokens == nil {
		return nobody, unauthorized()
	}
	shown := r.Header.Values("Authorization")
	if len(shown) == 0 {
		return s.bySession(r, nobody)
	}
	secret := ""
	if found := bearerToken.FindStringSubmatch(shown[0]); len(shown) == 1 && found != nil {
		secret = found[1]
	}
	t, p := s.holder(r, secret)
	if p != nil {
		return nobody, p
	}
	return visitor{role: t.role, actor: "http:" + t.name, token: t, secure: r.TLS != nil}, nil
}

// holder returns the token whose secret this is; the problem is that it is
// nobody's, that too many were, or that nobody can tell. That it is nobody's is
// told with a delay (failures.go); a right one is taken at once.
func (s *server) holder(r *http.Request, secret string) (*token, *problem) {
	t, err := s.opt.Tokens.find(secret)
	switch {
	case err != nil:
		return nil, unreadable()
	case t != nil:
		return t, nil
	}
	return nil, s.failures.refuse(r.Context(), r.RemoteAddr)
}

// bySession looks for the page's cookie.
func (s *server) bySession(r *http.Request, nobody visitor) (visitor, *problem) {
	t, p := s.inSession(r, nobody.secure)
	if p != nil {
		return nobody, p
	}
	return visitor{role: t.role, actor: "http:" + t.name, token: t, session: true, secure: nobody.secure}, nil
}

// inSession returns the token for which the request's session stands now. Others
// may set cookies of the same name, which come first or last: the first that is
// a session counts.
func (s *server) inSession(r *http.Request, secure bool) (*token, *problem) {
	if _, err := s.opt.Tokens.current(); err != nil {
		return nil, unreadable()
	}
	for _, cookie := range r.CookiesNamed(cookieName(secure)) {
		sum, ok := s.sessions.of(cookie.Value)
		if !ok {
			continue
		}
		t, err := s.opt.Tokens.bySum(sum)
		if err != nil {
			return nil, unreadable()
		}
		if t != nil {
			return t, nil
		}
	}
	return nil, unauthorized()
}

// local is the actor at a door that looks at no credential.
func local(d Door, r *http.Request) string {
	if a := r.Header.Get("Reconciler-Actor"); cliActor.MatchString(a) {
		return a
	}
	if strings.HasPrefix(d.Address, "unix:") {
		return "http:socket"
	}
	return "http:loopback"
}

// unauthorized says the same whether a credential is missing or wrong.
func unauthorized() *problem {
	p := newProblem(http.StatusUnauthorized, "unauthorized", "this needs a token: send Authorization: Bearer TOKEN, or log in at /login")
	p.header = map[string]string{"WWW-Authenticate": `Bearer realm="reconciler"`}
	return p
}

func tooMany(wait time.Duration) *problem {
	p := newProblem(http.StatusTooManyRequests, "too_many_failures", "too many wrong tokens came from your address; a right one is taken at once")
	p.header = map[string]string{"Retry-After": strconv.Itoa(int(math.Ceil(wait.Seconds())))}
	return p
}

func unreadable() *problem {
	return newProblem(http.StatusServiceUnavailable, "tokens_unreadable", "the token file can't be used, so nobody is let in; the log says why")
}
