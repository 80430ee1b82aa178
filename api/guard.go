package api

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// guard returns why the request is refused at that door, whatever its route
// and whoever makes it.
func (s *server) guard(d Door, r *http.Request, v visitor) *problem {
	bearer := v.token != nil && !v.session // what no web page of another site can have
	switch host := hostname(r.Host); {
	case r.Host == "":
		return newProblem(http.StatusBadRequest, "no_host", "the request names no host")
	case d.named() && !bearer && !s.known(host):
		// A page of another site whose name was pointed at this host (DNS
		// rebinding) names its own host here.
		return newProblem(http.StatusForbidden, "host", "this is not %q; use http://127.0.0.1 or http://localhost, send a token, or name the host with --allowed-host", host)
	case len(r.Header.Values("Content-Type")) > 1:
		return newProblem(http.StatusBadRequest, "malformed", "the body has more than one Content-Type")
	}
	if name, found := queryCredential(r.URL.RawQuery); found {
		return newProblem(http.StatusBadRequest, "credentials_in_query", "the query holds a %s, which others can read there: take it for known, make another, and send it as a header", name)
	}
	if name := forwarded(r.Header); d.open() && name != "" {
		return newProblem(http.StatusForbidden, "forwarded",
			"the request came through a proxy (%s), and this door has no tokens to tell who sent it; speak to it directly, or give it a --token-file", name)
	}
	if from := fromElsewhere(r); d.open() && from != "" {
		return newProblem(http.StatusForbidden, "forwarded",
			"the connection comes from %s, not from this host, and this door has no tokens to tell who sent it; give it a --token-file", from)
	}
	if len(r.TransferEncoding) > 0 {
		// Where a body ends may be said in one way only; net/http has dropped a
		// Content-Length beside it by now, so the two can't be told apart.
		return newProblem(http.StatusBadRequest, "transfer_encoding", "send the body with a Content-Length, not in chunks")
	}
	if err := s.cross.Check(r); err != nil {
		return newProblem(http.StatusForbidden, "origin", "the request comes from a page of another site: %v", err)
	}
	return nil
}

// hostname is the host of a Host header, without port and brackets.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

func (s *server) known(host string) bool {
	return slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, host) || slices.Contains(s.hosts, host)
}

// queryCredential returns the name of a credential in the query, also where
// the query as a whole can't be read: it is in the logs of others all the same.
func queryCredential(raw string) (string, bool) {
	for pair := range strings.FieldsFuncSeq(raw, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if name = strings.ToLower(name); name == "token" || name == "access_token" {
			return name, true
		}
	}
	return "", false
}

// protect sets what every answer carries: nothing of it may be framed, sniffed,
// cached or run.
func protect(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	// no-referrer would make browsers send Origin: null with our own forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	// Neither embedded by a page of another site, as an image, say, nor held by
	// the window that opened it.
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}
