package api

import (
	"io"
	"net/http"
	"strconv"

	"reconciler/api/wire"
	"reconciler/desired"
	"reconciler/internal/rendering"
)

func (s *server) listRevisions(*http.Request) (reply, error) {
	return large{press: s.answers, status: http.StatusOK, kind: typeJSON, key: "revisions", fill: func(w io.Writer) (rendering.Made, error) {
		all := append([]desired.Revision{}, s.opt.State.Revisions()...)
		return rendering.Made{}, encodeJSON(w, wire.RevisionList{Generation: s.opt.State.Snapshot().Generation, Revisions: all})
	}}, nil
}

func (s *server) showRevision(r *http.Request) (reply, error) {
	n, err := revisionNumber(r)
	if err != nil {
		return nil, err
	}
	kind := callOf(r).kind
	return large{press: s.records, status: http.StatusOK, kind: kind, fill: func(w io.Writer) (rendering.Made, error) {
		found, src, err := s.opt.State.Revision(n)
		switch {
		case err != nil:
		case kind == typeYAML:
			_, err = w.Write(src)
		default:
			err = encodeJSON(w, wire.RevisionText{Revision: found, State: string(src)})
		}
		return rendering.Made{Tag: `"` + found.Digest + `"`}, err
	}}, nil
}

// restoreRevision writes the bytes of a revision back, as a new one.
func (s *server) restoreRevision(r *http.Request) (reply, error) {
	var b reasonBody
	if err := readInto(r, &b, nil); err != nil {
		return nil, err
	}
	n, err := revisionNumber(r)
	if err != nil {
		return nil, err
	}
	p, err := s.opt.State.Restoration(n)
	if err != nil {
		return nil, err
	}
	return s.replace(r, p, b.Reason)
}

// revisionNumber is the number in the path; what is none is no revision's.
func revisionNumber(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("n"), 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != r.PathValue("n") {
		return 0, newProblem(http.StatusNotFound, "unknown_revision", "%q is no revision's number", r.PathValue("n"))
	}
	return n, nil
}
