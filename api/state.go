package api

import (
	"io"
	"net/http"
	"strings"

	"reconciler/desired"
)

func etag(doc *desired.Document) string { return `"` + doc.Digest + `"` }

func (s *server) showState(w http.ResponseWriter, r *http.Request) {
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
	snap, _, err := s.opt.State.Change(desired.Replacement(src), desired.EditBy{Actor: actor(r), IfMatch: strings.Trim(match, `"`)})
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("ETag", etag(snap.Document))
	s.await(w, r, wait, all(snap.Generation))
}

func readState(r *http.Request) ([]byte, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	switch kind := mediaType(r); kind {
	case "application/yaml", "text/yaml", "application/x-yaml":
		return body, nil
	case "application/json":
		if err := unambiguous(body); err != nil {
			return nil, err
		}
		src, err := desired.FromJSON(body)
		if err != nil {
			return nil, newProblem(http.StatusBadRequest, "malformed", "%v", err)
		}
		return src, nil
	default:
		return nil, newProblem(http.StatusUnsupportedMediaType, "media_type", "the body is %q; send it with Content-Type: application/yaml or application/json", kind)
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
