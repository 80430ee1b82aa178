package api

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"reconciler/desired"
)

func etag(doc *desired.Document) string { return `"` + doc.Digest + `"` }

func (s *server) showState(w http.ResponseWriter, r *http.Request) {
	doc := s.opt.State.Snapshot().Document
	w.Header().Set("ETag", etag(doc))
	if knows(r, doc) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if callOf(r).kind == typeYAML {
		w.Header().Set("Content-Type", typeYAML)
		_, _ = w.Write(doc.Source) // that the client went away is nobody's error
		return
	}
	src, err := doc.JSON()
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", typeJSON)
	_, _ = w.Write(desired.HarmlessJSON(src))
}

// knows reports whether the If-None-Match headers name the document; a proxy
// that compresses has made its tag a weak one (RFC 9110, 13.1.2).
func knows(r *http.Request, doc *desired.Document) bool {
	return slices.ContainsFunc(tags(r, "If-None-Match"), func(tag string) bool {
		return tag == "*" || strings.TrimPrefix(tag, "W/") == etag(doc)
	})
}

func (s *server) putState(w http.ResponseWriter, r *http.Request) {
	p, err := readState(r)
	if err != nil {
		fail(w, err)
		return
	}
	s.replace(w, r, p, "")
}

// replace makes the proposal the file and answers with what becomes of all
// services.
func (s *server) replace(w http.ResponseWriter, r *http.Request, p desired.Proposal, reason string) {
	e, err := s.readEdit(r, reason)
	if err != nil {
		fail(w, err)
		return
	}
	s.change(w, r, e, p, func(snap desired.Snapshot, _ bool) (judge, error) {
		return batch{Generation: snap.Generation}.judge(allOf(snap.Document)), nil
	})
}

// readState returns the document that is sent, as a proposal.
func readState(r *http.Request) (p desired.Proposal, err error) {
	body, err := readBody(r)
	if err != nil {
		return p, err
	}
	switch kind := mediaType(r); kind {
	case typeYAML, "text/yaml", "application/x-yaml":
		return desired.Replacement(body), nil
	case typeJSON:
		if err := unambiguous(body); err != nil {
			return p, err
		}
		if p, err = desired.ReplacementJSON(body); err != nil {
			return p, malformed(err)
		}
		return p, nil
	default:
		return p, callOf(r).route.notTaken(kind)
	}
}

func (s *server) reconcileNow(w http.ResponseWriter, r *http.Request) {
	var b reasonBody
	err := readInto(r, &b, nil)
	if err == nil {
		err = checkReason(b.Reason)
	}
	if err == nil {
		_, err = params(r)
	}
	if err != nil {
		fail(w, err)
		return
	}
	s.opt.Loop.LookNow(actor(r), b.Reason)
	respond(w, http.StatusAccepted, s.opt.Loop.Overview())
}

func (s *server) plan(w http.ResponseWriter, r *http.Request) {
	report, err := s.opt.Loop.Plan()
	if err != nil {
		fail(w, err)
		return
	}
	if callOf(r).kind == typeText {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, desired.Harmless(report.String()))
		return
	}
	respond(w, http.StatusOK, report)
}
