package desired

import (
	"bytes"
	"errors"
	"fmt"
	"time"
)

// EditBy says who edits, and why.
type EditBy struct {
	Actor  string // http:<name> or cli:<user>
	Reason string // may be empty
}

// An edit gives way to other writers this often, and waits for one that is in
// the middle of writing at most this long.
const (
	maxTries  = 100
	maxSettle = 10 * time.Second
	settleNap = 50 * time.Millisecond
)

// SetStates edits the file in place, and reports whether anything had to be
// changed. All changes are one generation, or none is made. A hand's edit that
// is on disk already is accepted first; one that is being written is waited
// for. Errors: ErrUnknownService, ErrUnsuitable, ErrShape, ErrFileInvalid,
// ErrReadOnly, ErrOwner, ErrNoSpace.
func (s *Store) SetStates(changes []Change, by EditBy) (Snapshot, bool, error) {
	return s.change(by, func(doc *Document) ([]byte, error) { return Edit(doc, changes) })
}

// Replace makes src the document, in which only whether services run may
// differ in what is theirs. ifMatch is the Digest that the file must have
// then; empty: any. Errors: *ParseError, ErrStale, ErrByFileOnly, and those of
// SetStates.
func (s *Store) Replace(src []byte, ifMatch string, by EditBy) (Snapshot, bool, error) {
	want, err := Parse("state", src)
	if err != nil {
		return s.Snapshot(), false, err
	}
	return s.change(by, func(doc *Document) ([]byte, error) {
		if ifMatch != "" && ifMatch != doc.Digest {
			return nil, fmt.Errorf("%w: the file is %.12s by now", ErrStale, doc.Digest)
		}
		return src, byFileOnly(doc, want)
	})
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

func (s *Store) change(by EditBy, edit func(*Document) ([]byte, error)) (Snapshot, bool, error) {
	deadline := s.now().Add(maxSettle)
	for try := 0; ; try++ {
		snap, changed, err := s.tryChange(by, edit)
		switch {
		case errors.Is(err, errMoved) && try < maxTries:
		case errors.Is(err, errUnsettled) && s.now().Before(deadline):
			<-time.After(settleNap)
		case errors.Is(err, errMoved), errors.Is(err, errUnsettled):
			return snap, false, fmt.Errorf("edit %s: %w: somebody else keeps writing it; try again", s.file, ErrFileInvalid)
		case err != nil:
			return snap, false, fmt.Errorf("edit %s: %w", s.file, err)
		default:
			return snap, changed, nil
		}
	}
}

// errUnsettled: somebody may be in the middle of writing the file.
var errUnsettled = errors.New("the file is being written")

func (s *Store) tryChange(by EditBy, edit func(*Document) ([]byte, error)) (Snapshot, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := read(s.file)
	report, due := s.follow(c, err)
	if report != nil {
		s.tell(*report)
	}
	snap := s.Snapshot()
	switch {
	case errors.Is(snap.Problem, errUnrecorded):
		return snap, false, snap.Problem
	case !due.IsZero():
		return snap, false, errUnsettled
	case snap.Problem != nil:
		return snap, false, fmt.Errorf("%w; mend the file first: %w", ErrFileInvalid, snap.Problem)
	}
	src, err := edit(snap.Document)
	if err != nil || bytes.Equal(src, c.src) {
		return snap, false, err
	}
	doc, err := Parse(s.file, src)
	if err != nil {
		return snap, false, err
	}
	next, err := s.accept(doc, by, func() error { return swap(c, src) })
	if err != nil {
		return snap, false, err
	}
	s.judged = doc.Digest
	if now, err := read(s.file); err == nil {
		s.fileID = now.id
	}
	s.tell(Report{Snapshot: next})
	return next, true, nil
}
