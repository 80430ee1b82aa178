package api

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"reconciler/desired"
	"reconciler/internal/rendering"
	"reconciler/reconcile"
)

// edit is what every change of the file has in common, whatever it changes.
type edit struct {
	wait   time.Duration
	dryRun bool
	by     desired.EditBy
}

// planned is what a dry run answers with.
var planned reconcile.Report

// readEdit reads the parameters of an edit. reason is the one of the body; it
// may stand in the query instead.
func (s *server) readEdit(r *http.Request, reason string) (edit, error) {
	q, err := params(r)
	if err != nil {
		return edit{}, err
	}
	e := edit{by: desired.EditBy{Actor: actor(r), Reason: reason}}
	if why, asked := q["reason"]; asked {
		if reason != "" {
			return e, newProblem(http.StatusBadRequest, "reason", "the reason stands in the body and in the query; say it once")
		}
		e.by.Reason = why
	}
	if err := checkReason(e.by.Reason); err != nil {
		return e, err
	}
	if e.wait, err = waitIn(q); err != nil {
		return e, err
	}
	if e.dryRun, err = truth(q, "dry_run"); err != nil {
		return e, err
	}
	e.by.IfMatch, err = matching(r, s.opt.State.Snapshot().Document)
	return e, err
}

// waitIn is the `wait` parameter; none: 0.
func waitIn(q map[string]string) (time.Duration, error) {
	wait, asked := q["wait"]
	if !asked {
		return 0, nil
	}
	d, err := time.ParseDuration(wait)
	if err != nil || d < 0 || d > maxWait {
		return 0, newProblem(http.StatusBadRequest, "query", "wait=%q is no duration from 0s to %s, such as 30s", wait, maxWait)
	}
	return d, nil
}

// truth is a parameter that is true or false; none: false.
func truth(q map[string]string, name string) (bool, error) {
	switch said, asked := q[name]; {
	case said == "true":
		return true, nil
	case asked && said != "false":
		return false, newProblem(http.StatusBadRequest, "query", "%s=%q is neither true nor false", name, said)
	}
	return false, nil
}

// matching returns the digest that the file must have by the If-Match headers:
// that of now if they name it, else the first that they name. Empty: any.
func matching(r *http.Request, now *desired.Document) (string, error) {
	if len(r.Header.Values("If-Match")) == 0 {
		return "", nil
	}
	named := tags(r, "If-Match")
	switch {
	case len(named) == 0:
		return "", newProblem(http.StatusBadRequest, "malformed", `If-Match names no ETag; write If-Match: "…", or leave it out`)
	case slices.Contains(named, "*"):
		return "", nil
	case slices.Contains(named, etag(now)), slices.Contains(named, now.Digest):
		return now.Digest, nil
	}
	return named[0], nil // with its quotes it is nobody's digest
}

// tags are those that the headers of that name list.
func tags(r *http.Request, header string) []string {
	var all []string
	for tag := range strings.SplitSeq(strings.Join(r.Header.Values(header), ","), ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			all = append(all, tag)
		}
	}
	return all
}

// change makes the proposal the file and answers with what comes of it. end is
// asked once the file is changed, or was so already, what to wait for. A dry
// run changes nothing and answers with what would be done.
func (s *server) change(r *http.Request, e edit, p desired.Proposal, end func(snap desired.Snapshot, changed bool) (judge, error)) (reply, error) {
	if e.dryRun {
		return s.preview(r, e, p), nil
	}
	snap, changed, err := s.opt.State.Change(p, e.by)
	if err != nil {
		return nil, err
	}
	decide, err := end(snap, changed)
	if err != nil {
		return nil, err
	}
	return s.await(e.wait, etag(snap.Document), decide), nil
}

func (s *server) preview(r *http.Request, e edit, p desired.Proposal) reply {
	return large{press: s.records, status: http.StatusOK, kind: typeJSON, fill: func(w io.Writer) (rendering.Made, error) {
		doc, err := s.opt.State.Preview(p, e.by)
		if err != nil {
			return rendering.Made{}, err
		}
		used(r)
		report, err := s.opt.Loop.PlanFor(doc)
		if err != nil {
			return rendering.Made{}, err
		}
		return rendering.Made{}, encodeJSON(w, report)
	}}
}
