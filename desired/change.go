package desired

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"reconciler/desired/desk"
	"reconciler/desired/settled"
)

// EditBy says who edits, why, and on what condition. The zero value: nobody
// knows, for no reason, whatever the file is.
type EditBy struct {
	Actor   string // http:<name> or cli:<user>
	Reason  string // may be empty
	IfMatch string // the Digest that the file must have; empty: any

	what string // begins the revision's summary
}

// Proposal is new bytes for the file, worked out from the document that they
// are to replace. The zero value proposes nothing and may not be used.
type Proposal struct {
	of   func(*Document) ([]byte, error)
	what string // begins the revision's summary
}

// Apply returns the bytes that are proposed in the place of the document's.
func (p Proposal) Apply(doc *Document) ([]byte, error) { return p.of(doc) }

// Flips proposes the changes, in place. Errors of the proposal:
// ErrUnknownService, ErrUnsuitable, ErrShape.
func Flips(changes ...Change) Proposal {
	return Proposal{of: func(doc *Document) ([]byte, error) { return Edit(doc, changes) }}
}

// Replacement proposes src as the document, in which only whether services run
// may differ in what is theirs. Errors of the proposal: *ParseError,
// ErrByFileOnly.
func Replacement(src []byte) Proposal {
	want, err := Parse("state.yaml", src) // here, so that nobody waits for it: the Store is locked later
	return Proposal{of: func(doc *Document) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		return src, byFileOnly(doc, want)
	}}
}

// ReplacementJSON is Replacement with a document in JSON, which is written as
// YAML in block form. One that says what the file says already leaves its bytes
// as they are, with all comments. The error is that body is no JSON.
func ReplacementJSON(body []byte) (Proposal, error) {
	src, err := fromJSON(body)
	if err != nil {
		return Proposal{}, err
	}
	replacement := Replacement(src)
	return Proposal{of: func(doc *Document) ([]byte, error) {
		if doc.saysTheSame(body) {
			return bytes.Clone(doc.Source), nil
		}
		return replacement.of(doc)
	}}, nil
}

// Restoration proposes the bytes of that revision, as Replacement does. Errors:
// ErrUnknownRevision, ErrDataDir.
func (s *Store) Restoration(generation int64) (Proposal, error) {
	_, src, err := s.Revision(generation)
	if err != nil {
		return Proposal{}, err
	}
	p := Replacement(src)
	p.what = fmt.Sprintf("restored revision %d: ", generation)
	return p, nil
}

// An edit gives way to other writers this often, and waits for one that is in
// the middle of writing at most this long.
const (
	maxTries  = 100
	maxSettle = 10 * time.Second
	settleNap = 50 * time.Millisecond
)

// Change makes the proposal the file, and reports whether anything had to be
// changed. It is one generation, or none. A hand's edit that is on disk already
// is accepted first; one that is being written is waited for. Errors: those of
// the proposal, ErrStale, ErrFileInvalid, ErrReadOnly, ErrOwner, ErrNoSpace,
// ErrBlocked, ErrUnheld.
func (s *Store) Change(p Proposal, by EditBy) (Snapshot, bool, error) {
	by.what = p.what
	return s.change(func() (Snapshot, bool, error) { return s.tryChange(p, by) })
}

// Preview returns the document that the proposal would make, and changes
// nothing. Errors: as Change, as far as no writing is needed to find them.
func (s *Store) Preview(p Proposal, by EditBy) (*Document, error) {
	var doc *Document
	_, _, err := s.change(func() (Snapshot, bool, error) {
		var err error
		doc, err = inTurn(s, "look at "+s.Path(), func(*desk.Work) (*Document, error) {
			doc, _, err := s.propose(p, by)
			return doc, err
		})
		return s.Snapshot(), false, err
	})
	return doc, err
}

// byFileOnly refuses to change by whom, under which name, a container is: that
// is for whoever may write the file.
func byFileOnly(before, after *Document) error {
	refuse := func(what string) error {
		return fmt.Errorf("%w: %s can be changed in the file only", ErrByFileOnly, what)
	}
	switch {
	case before.Project != after.Project:
		return refuse("project")
	case before.ContainerName != after.ContainerName:
		return refuse("container_name")
	}
	for _, s := range after.Services {
		was, listed := before.Service(s.Name)
		if !listed {
			was = defaultService(s.Name)
		}
		switch {
		case was.Container != s.Container:
			return refuse("container of " + s.Name)
		case was.ComposeService != s.ComposeService:
			return refuse("compose_service of " + s.Name)
		}
	}
	return nil
}

// change tries as often as others are in the way.
func (s *Store) change(attempt func() (Snapshot, bool, error)) (Snapshot, bool, error) {
	deadline := s.now().Add(maxSettle)
	for try := 0; ; try++ {
		snap, changed, err := attempt()
		switch {
		case errors.Is(err, errMoved) && try < maxTries:
		case errors.Is(err, errUnsettled) && s.now().Before(deadline):
			<-time.After(settleNap)
		case errors.Is(err, errMoved), errors.Is(err, errUnsettled):
			return snap, false, fmt.Errorf("edit %s: %w: somebody else keeps writing it; try again", s.Path(), ErrFileInvalid)
		default: // the error says what it is about
			return snap, changed, err
		}
	}
}

// errUnsettled: somebody may be in the middle of writing the file.
var errUnsettled = errors.New("the file is being written")

// propose returns the document that is proposed for the file as it is now, and
// what was read. The caller has the turn.
func (s *Store) propose(p Proposal, by EditBy) (*Document, settled.Reading, error) {
	was, err := s.attempt()
	wait := s.follow(was, err)
	snap := s.Snapshot()
	switch {
	case errors.Is(err, ErrBlocked):
		return nil, was, err
	case errors.Is(snap.Problem, errUnrecorded):
		return nil, was, snap.Problem
	case wait > 0:
		return nil, was, errUnsettled
	case snap.Problem != nil:
		return nil, was, fmt.Errorf("%w; mend the file first: %w", ErrFileInvalid, snap.Problem)
	case by.IfMatch != "" && by.IfMatch != snap.Document.Digest:
		return nil, was, fmt.Errorf("%w: the file is %.12s by now", ErrStale, snap.Document.Digest)
	}
	src, err := p.Apply(snap.Document)
	if err != nil {
		return nil, was, err
	}
	doc, err := Parse(s.Path(), src)
	return doc, was, err
}

func (s *Store) tryChange(p Proposal, by EditBy) (Snapshot, bool, error) {
	type change struct {
		snap    Snapshot
		changed bool
	}
	made, err := inTurn(s, "edit "+s.Path(), func(w *desk.Work) (change, error) {
		snap, changed, err := s.edit(p, by, w)
		return change{snap, changed}, err
	})
	if errors.Is(err, ErrBlocked) { // there may be none
		made.snap = s.Snapshot()
	}
	return made.snap, made.changed, err
}

// edit makes the proposal the file, once. The caller has the turn.
func (s *Store) edit(p Proposal, by EditBy, w *desk.Work) (Snapshot, bool, error) {
	if err := s.data.Load().held(); err != nil {
		return s.Snapshot(), false, err
	}
	doc, was, err := s.propose(p, by)
	if err != nil || bytes.Equal(doc.Source, was.Bytes) {
		return s.Snapshot(), false, err
	}
	if err := w.Commit(); err != nil {
		return s.Snapshot(), false, err
	}
	next, err := s.accept(doc, by, func() error { return swap(was, doc.Source) })
	if err != nil {
		return next, false, err
	}
	now, _ := s.attempt() // if that fails, so does the next look, which tells it
	s.file.Wrote(doc.Source, now)
	s.tell(Report{Snapshot: next})
	return next, true, nil
}
