package api

import (
	"fmt"
	"io"
	"net/http"
	"slices"

	"reconciler/desired"
)

// healthz asks only whether the loop works: to restart this process mends no
// engine.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	if !s.opt.Loop.Alive() {
		newProblem(http.StatusServiceUnavailable, "not_alive", "the loop does not work").write(w)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}

// readyz says why the promise can't be kept now, as text or JSON.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	why := s.unready()
	status := http.StatusOK
	if len(why) > 0 {
		status = http.StatusServiceUnavailable
	}
	if callOf(r).kind == typeJSON {
		respond(w, status, readiness{Ready: len(why) == 0, Reasons: append([]string{}, why...)})
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	if len(why) == 0 {
		_, _ = io.WriteString(w, "ready\n")
	}
	for _, reason := range why {
		fmt.Fprintf(w, "not ready: %s\n", desired.Harmless(reason))
	}
}

// unready says why not all is as it should be: what the loop says, which doors
// nobody comes in by, and whether tokens count.
func (s *server) unready() []string {
	why := append(slices.Clip(s.opt.Loop.Readiness()), s.served.Load().troubles()...)
	if s.opt.Tokens != nil {
		if text := s.opt.Tokens.trouble(); text != "" {
			why = append(why, text)
		}
	}
	return why
}

// readiness is /readyz as JSON.
type readiness struct {
	Ready   bool     `json:"ready"`
	Reasons []string `json:"reasons"` // why not ready; empty when it is
}
