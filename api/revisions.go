package api

import (
	"net/http"
	"strconv"

	"reconciler/desired"
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

func (s *server) listRevisions(w http.ResponseWriter, _ *http.Request) {
	all := append([]desired.Revision{}, s.opt.State.Revisions()...)
	respond(w, http.StatusOK, revisionList{s.opt.State.Snapshot().Generation, all})
}

func (s *server) showRevision(w http.ResponseWriter, r *http.Request) {
	n, err := revisionNumber(r)
	var found desired.Revision
	var src []byte
	if err == nil {
		found, src, err = s.opt.State.Revision(n)
	}
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("ETag", `"`+found.Digest+`"`)
	if callOf(r).kind == typeYAML {
		w.Header().Set("Content-Type", typeYAML)
		_, _ = w.Write(src) // that the client went away is nobody's error
		return
	}
	respond(w, http.StatusOK, revisionText{found, string(src)})
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
