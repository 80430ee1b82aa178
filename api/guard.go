package api

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// guard returns why the request is refused, whatever its route. This door has
// no tokens: whoever speaks from this host and means this host may do
// anything, and nobody else may do anything.
func (s *server) guard(r *http.Request) *problem {
	switch host := hostname(r.Host); {
	case r.Host == "":
		return newProblem(http.StatusBadRequest, "no_host", "the request names no host")
	case !s.known(host):
		// A page of another site whose name was pointed at this host (DNS
		// rebinding) names its own host here.
		return newProblem(http.StatusForbidden, "host", "this is not %q; use http://127.0.0.1 or http://localhost", host)
	}
	for name := range r.Header {
		if name == "Forwarded" || strings.HasPrefix(name, "X-Forwarded-") {
			return newProblem(http.StatusForbidden, "forwarded",
				"the request came through a proxy (%s), and this door has no tokens to tell who sent it; speak to it directly", name)
		}
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
	return slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, host) || slices.Contains(s.opt.Hosts, host)
}

// protect sets what every answer carries: nothing of it may be framed, sniffed,
// cached or run.
func protect(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
}
