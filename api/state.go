package api

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"reconciler/desired"
	"reconciler/reconcile"
)

func etag(doc *desired.Document) string { return `"` + doc.Digest + `"` }

func (s *server) getState(w http.ResponseWriter, r *http.Request) {
	doc := s.opt.State.Snapshot().Document
	w.Header().Set("ETag", etag(doc))
	w.Header().Set("Vary", "Accept")
	if r.Header.Get("If-None-Match") == etag(doc) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if !strings.Contains(r.Header.Get("Accept"), "application/json") {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(doc.Source) // that the client went away is nobody's error
		return
	}
	src, err := doc.JSON()
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(src)
}

func (s *server) putState(w http.ResponseWriter, r *http.Request) {
	wait, err := waitFor(r)
	if err != nil {
		fail(w, err)
		return
	}
	src, err := readState(r)
	if err != nil {
		fail(w, err)
		return
	}
	match := r.Header.Get("If-Match")
	if match == "*" {
		match = ""
	}
	snap, _, err := s.opt.State.Replace(src, strings.Trim(match, `"`), desired.EditBy{Actor: actor(r)})
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("ETag", etag(snap.Document))
	s.awaitAll(w, r, wait, snap.Generation)
}

func readState(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	switch kind := mediaType(r); kind {
	case "application/yaml", "text/yaml", "application/x-yaml":
		return body, nil
	case "application/json":
		src, err := desired.FromJSON(body)
		if err != nil {
			return nil, newProblem(http.StatusBadRequest, "malformed", "%v", err)
		}
		return src, nil
	default:
		return nil, newProblem(http.StatusUnsupportedMediaType, "media_type", "the body is %q; send it with Content-Type: application/yaml or application/json", kind)
	}
}

// awaitAll answers with the overview once no service is on its way any more.
func (s *server) awaitAll(w http.ResponseWriter, r *http.Request, wait time.Duration, generation int64) {
	ctx, cancel := s.patience(w, r, wait)
	defer cancel()
	for {
		changed := s.opt.Loop.Changed()
		o := s.opt.Loop.Overview()
		worst := arrived
		for _, n := range o.Services {
			switch converged(n, generation) {
			case pending:
				worst = pending
			case given:
				if worst == arrived {
					worst = given
				}
			}
		}
		if worst == arrived {
			respond(w, http.StatusOK, o)
			return
		}
		done := ctx.Done()
		if worst == given {
			respond(w, http.StatusAccepted, o)
			return
		}
		select {
		case <-changed:
		case <-done:
			respond(w, http.StatusAccepted, o)
			return
		}
	}
}

func (s *server) reconcileNow(w http.ResponseWriter, r *http.Request) {
	if _, err := readFlip(r, false); err != nil {
		fail(w, err)
		return
	}
	s.opt.Loop.LookNow(actor(r))
	respond(w, http.StatusAccepted, s.opt.Loop.Overview())
}

func (s *server) plan(w http.ResponseWriter, r *http.Request) {
	report, err := s.opt.Loop.Plan()
	if err != nil {
		fail(w, err)
		return
	}
	if strings.HasPrefix(r.Header.Get("Accept"), "text/plain") {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, report.String())
		return
	}
	respond(w, http.StatusOK, report)
}

func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	if !s.opt.Loop.Alive() {
		newProblem(http.StatusServiceUnavailable, "not_alive", "the loop does not work").write(w)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}

func (s *server) readyz(w http.ResponseWriter, _ *http.Request) {
	why := s.opt.Loop.Readiness()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if len(why) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		for _, reason := range why {
			fmt.Fprintf(w, "not ready: %s\n", reason)
		}
		return
	}
	_, _ = io.WriteString(w, "ready\n")
}

var _ Loop = (*reconcile.Loop)(nil)
