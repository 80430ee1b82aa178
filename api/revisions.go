package api

import (
	"io"
	"net/http"
	"strconv"

	"reconciler/desired"
	"reconciler/internal/rendering"
)

// revisionList is the history of the file.
type revisionList struct {
	Generation int64              `json:"generation"` // that is in force
	Revisions  []desired.Revision `json:"revisions"`  // newest first
}

// revisionText is one of it, with the file's text.
type revisionText struct {
	desired.Revision
	State string `json:"state"`
}

func (s *server) listRevisions(w http.ResponseWriter, r *http.Request) {
	large(w, r, s.answers, answerTo{status: http.StatusOK, kind: typeJSON, key: "revisions", write: func(w io.Writer) (rendering.Made, error) {
		all := append([]desired.Revision{}, s.opt.State.Revisions()...)
		return rendering.Made{}, encodeJSON(w, revisionList{s.opt.State.Snapshot().Generation, all})
	}})
}

func (s *server) showRevision(w http.ResponseWriter, r *http.Request) {
	n, err := revisionNumber(r)
	if err != nil {
		fail(w, err)
		return
	}
	kind := callOf(r).kind
	large(w, r, s.records, answerTo{status: http.StatusOK, kind: kind, write: func(w io.Writer) (rendering.Made, error) {
		found, src, err := s.opt.State.Revision(n)
		switch {
		case err != nil:
		case kind == typeYAML:
			_, err = w.Write(src)
		default:
			err = encodeJSON(w, revisionText{found, string(src)})
		}
		return rendering.Made{Tag: `"` + found.Digest + `"`}, err
	}})
}

// restoreRevision writes the bytes of a revision back, as a new one.
func (s *server) restoreRevision(w http.ResponseWriter, r *http.Request) {
	var b reasonBody
	err := readInto(r, &b, nil)
	var n int64
	if err == nil {
		n, err = revisionNumber(r)
	}
	var p desired.Proposal
	if err == nil {
		p, err = s.opt.State.Restoration(n)
	}
	if err != nil {
		fail(w, err)
		return
	}
	s.replace(w, r, p, b.Reason)
}

// revisionNumber is the number in the path; what is none is no revision's.
func revisionNumber(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("n"), 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != r.PathValue("n") {
		return 0, newProblem(http.StatusNotFound, "unknown_revision", "%q is no revision's number", r.PathValue("n"))
	}
	return n, nil
}
