package api

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"reconciler/api/wire"
	"reconciler/desired"
	"reconciler/internal/rendering"
)

func etag(doc *desired.Document) string { return `"` + doc.Digest + `"` }

func (s *server) showState(r *http.Request) (reply, error) {
	doc := s.opt.State.Snapshot().Document
	if knows(r, doc) {
		return unchanged{tag: etag(doc)}, nil
	}
	kind := callOf(r).kind
	return large{press: s.answers, status: http.StatusOK, kind: kind, key: "state " + kind, fill: func(w io.Writer) (rendering.Made, error) {
		doc := s.opt.State.Snapshot().Document
		still := func() bool { return s.opt.State.Snapshot().Document.Digest == doc.Digest }
		return rendering.Made{Still: still, Tag: etag(doc)}, writeState(w, doc, kind)
	}}, nil
}

func writeState(w io.Writer, doc *desired.Document, kind string) error {
	src := doc.Source
	if kind == typeJSON {
		told, err := doc.JSON()
		if err != nil {
			return err
		}
		src = desired.HarmlessJSON(told)
	}
	_, err := w.Write(src)
	return err
}

// knows reports whether the If-None-Match headers name the document; a proxy
// that compresses has made its tag a weak one (RFC 9110, 13.1.2).
func knows(r *http.Request, doc *desired.Document) bool {
	return slices.ContainsFunc(tags(r, "If-None-Match"), func(tag string) bool {
		return tag == "*" || strings.TrimPrefix(tag, "W/") == etag(doc)
	})
}

func (s *server) putState(r *http.Request) (reply, error) {
	p, err := readState(r)
	if err != nil {
		return nil, err
	}
	return s.replace(r, p, "")
}

// replace makes the proposal the file and answers with what becomes of all
// services.
func (s *server) replace(r *http.Request, p desired.Proposal, reason string) (reply, error) {
	e, err := s.readEdit(r, reason)
	if err != nil {
		return nil, err
	}
	return s.change(r, e, p, func(snap desired.Snapshot, _ bool) (judge, error) {
		return many(wire.Batch{Generation: snap.Generation}, allOf(snap.Document)), nil
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

func (s *server) reconcileNow(r *http.Request) (reply, error) {
	var b reasonBody
	if err := readInto(r, &b, nil); err != nil {
		return nil, err
	}
	if err := checkReason(b.Reason); err != nil {
		return nil, err
	}
	if _, err := params(r); err != nil {
		return nil, err
	}
	s.opt.Loop.LookNow(actor(r), b.Reason)
	return s.showOverview(http.StatusAccepted), nil
}

func (s *server) plan(r *http.Request) (reply, error) {
	told := large{press: s.answers, status: http.StatusOK, kind: typeJSON, key: "plan " + callOf(r).kind}
	asText := callOf(r).kind == typeText
	if asText {
		told.kind = plainText
	}
	told.fill = func(w io.Writer) (rendering.Made, error) {
		report, err := s.opt.Loop.Plan()
		switch {
		case err != nil:
			return rendering.Made{}, err
		case asText:
			_, err = io.WriteString(w, desired.Harmless(report.String()))
			return rendering.Made{}, err
		}
		return rendering.Made{}, encodeJSON(w, report)
	}
	return told, nil
}
