package api

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"

	"reconciler/desired"
)

// healthz asks only whether the loop works: to restart this process mends no
// engine.
func (s *server) healthz(*http.Request) (reply, error) {
	if !s.opt.Loop.Alive() {
		return nil, newProblem(http.StatusServiceUnavailable, "not_alive", "the loop does not work")
	}
	return text{status: http.StatusOK, kind: plainText, bytes: []byte("ok\n")}, nil
}

// readyz says why the promise can't be kept now, as text or JSON.
func (s *server) readyz(r *http.Request) (reply, error) {
	why := s.unready()
	status := http.StatusOK
	if len(why) > 0 {
		status = http.StatusServiceUnavailable
	}
	if callOf(r).kind == typeJSON {
		return jsonOf{status, readiness{Ready: len(why) == 0, Reasons: append([]string{}, why...)}}, nil
	}
	var lines bytes.Buffer
	if len(why) == 0 {
		lines.WriteString("ready\n")
	}
	for _, reason := range why {
		fmt.Fprintf(&lines, "not ready: %s\n", desired.Harmless(reason))
	}
	return text{status: status, kind: plainText, bytes: lines.Bytes()}, nil
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
