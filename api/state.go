package api

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"reconciler/desired"
	"reconciler/internal/rendering"
)

func etag(doc *desired.Document) string { return `"` + doc.Digest + `"` }

func (s *server) showState(w http.ResponseWriter, r *http.Request) {
	doc := s.opt.State.Snapshot().Document
	if knows(r, doc) {
		w.Header().Set("ETag", etag(doc))
		w.WriteHeader(http.StatusNotModified)
		return
	}
	kind := callOf(r).kind
	large(w, r, s.answers, answerTo{status: http.StatusOK, kind: kind, key: "state " + kind, write: func(w io.Writer) (rendering.Made, error) {
		doc := s.opt.State.Snapshot().Document
		still := func() bool { return s.opt.State.Snapshot().Document.Digest == doc.Digest }
		return rendering.Made{Still: still, Tag: etag(doc)}, writeState(w, doc, kind)
	}})
}

func writeState(w io.Writer, doc *desired.Document, kind string) error {
	src, err := doc.Source, error(nil)
	if kind == typeJSON {
		if src, err = doc.JSON(); err == nil {
			src = desired.HarmlessJSON(src)
		}
	}
	if err == nil {
		_, err = w.Write(src)
	}
	return err
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
	s.showOverview(w, r, http.StatusAccepted)
}

func (s *server) plan(w http.ResponseWriter, r *http.Request) {
	a := answerTo{status: http.StatusOK, kind: typeJSON, key: "plan " + callOf(r).kind}
	text := callOf(r).kind == typeText
	if text {
		a.kind = "text/plain; charset=utf-8"
	}
	a.write = func(w io.Writer) (rendering.Made, error) {
		report, err := s.opt.Loop.Plan()
		switch {
		case err != nil:
			return rendering.Made{}, err
		case text:
			_, err = io.WriteString(w, desired.Harmless(report.String()))
			return rendering.Made{}, err
		}
		return rendering.Made{}, encodeJSON(w, report)
	}
	large(w, r, s.answers, a)
}
