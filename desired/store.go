package desired

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options says where the desired state is kept.
type Options struct {
	File    string           // path of state.yaml
	DataDir string           // empty: .reconciler beside File
	Now     func() time.Time // nil: time.Now
}

// Snapshot is what is in force, and what is wrong with the file now. It is a
// value and may be kept.
type Snapshot struct {
	Document   *Document
	Generation int64     // +1 for each accepted change
	Time       time.Time // when it was accepted
	Actor      string    // who made it: file, http:<name> or cli:<user>
	Reason     string    // why, in the words of who made it; mostly empty
	Summary    string    // what it changed

	// Problem is what is wrong with the file on disk; nil means that the
	// document in force is the one on disk.
	Problem      error
	ProblemSince time.Time // zero while Problem is nil
}

// Report says that the document in force or the file's problem changed, or that
// the file was read again. Err is nil: the file is the document in force; else
// it is the file's problem.
type Report struct {
	Snapshot Snapshot
	Err      error
}

// Store keeps the document in force. Its methods may be called by any number
// of goroutines.
type Store struct {
	file string
	now  func() time.Time
	data *dataDir
	id   string

	current atomic.Pointer[Snapshot]
	history atomic.Pointer[[]Revision] // oldest first
	report  atomic.Pointer[func(Report)]

	mu       sync.Mutex // held while the file is looked at or written
	fileID   fileID     // of the file when it was accepted or found bad
	judged   string     // what was last accepted or found bad
	settling settling
	warnings []string
}

// Open holds the data directory and accepts the file, or, where the file is
// bad, what was accepted last. Errors: ErrDataDir, ErrLocked, and a
// *ParseError if there is no document to begin with.
func Open(opt Options) (*Store, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.DataDir == "" {
		opt.DataDir = filepath.Join(filepath.Dir(opt.File), ".reconciler")
	}
	data, err := openDataDir(opt.DataDir)
	if err != nil {
		return nil, err
	}
	s := &Store{file: opt.File, now: opt.Now, data: data}
	if err := s.begin(); err != nil {
		return nil, errors.Join(err, data.close())
	}
	return s, nil
}

func (s *Store) begin() (err error) {
	if s.id, err = s.data.instance(); err != nil {
		return err
	}
	damaged, err := s.remember()
	if err != nil {
		return err
	}
	var place, left []string
	c, err := read(s.file)
	if err == nil {
		place, left = s.mounted(c.target), s.data.sweep(c.target, s.Snapshot().Document)
		finished, err := s.data.finish(s.Snapshot().Generation, c)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDataDir, err)
		}
		if finished {
			if damaged, err = s.remember(); err != nil {
				return err
			}
		}
	}
	s.warnings = slices.Concat(damaged, place, left)
	s.data.forget() // a crash may have come before
	report := s.judge(c, err)
	switch {
	case s.current.Load().Document != nil:
		return nil
	case errors.Is(report.Err, errUnrecorded):
		return fmt.Errorf("%w: %w", ErrDataDir, report.Err)
	}
	return asParseError(s.file, report.Err)
}

// remember puts what was accepted last in force, and knows of all that is kept.
// A warning names each record that is damaged.
func (s *Store) remember() (warnings []string, err error) {
	all, newest, warnings, err := s.data.revisions()
	if err != nil {
		return nil, err
	}
	s.history.Store(&all)
	snap := Snapshot{Generation: newest} // the count goes on from it in any case
	if len(all) > 0 {
		last := all[len(all)-1]
		r, err := s.data.record(last.Generation)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDataDir, err)
		}
		// Invalid to this version of the program, it can't be run on.
		snap.Document, _ = Parse(s.file, []byte(r.State))
		snap.Time, snap.Actor, snap.Reason, snap.Summary = last.Time, last.Actor, last.Reason, last.Summary
	}
	s.current.Store(&snap)
	return warnings, nil
}

// asParseError is the error of a file that could not even be read, in the form
// of those that could.
func asParseError(file string, err error) error {
	var p *ParseError
	if errors.As(err, &p) {
		return p
	}
	return &ParseError{File: file, Problems: []Problem{{Message: err.Error()}}}
}

// mounted warns of a file that is a mount point itself.
func (s *Store) mounted(target string) (warnings []string) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	abs, aerr := filepath.Abs(target)
	if err != nil || aerr != nil {
		return nil // no /proc: nothing can be said
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 4 && f[4] == abs {
			warnings = append(warnings, fmt.Sprintf("%s is itself a mount point: changes made by renaming on the host are not seen, and it can't be edited from here; mount its directory", s.file))
		}
	}
	return warnings
}

// judge accepts a reading or finds it bad; the caller holds s.mu, or nobody
// else knows s yet. A reading that is in force already just ends a problem.
func (s *Store) judge(c content, err error) Report {
	s.judged, s.fileID = reading(c, err), c.id
	now := s.current.Load()
	var doc *Document
	if err == nil && (now.Document == nil || digest(c.src) != now.Document.Digest) {
		doc, err = Parse(s.file, c.src)
	}
	if err == nil && doc != nil {
		if _, err = s.accept(doc, EditBy{Actor: "file"}, nil); err == nil {
			return Report{Snapshot: s.Snapshot()}
		}
		s.judged = "" // nothing is wrong with the file: try again
	}
	next := *s.current.Load()
	if next.Problem = err; err == nil {
		next.ProblemSince = time.Time{}
	} else if next.ProblemSince.IsZero() {
		next.ProblemSince = s.now()
	}
	s.current.Store(&next)
	return Report{Snapshot: next, Err: err}
}

// accept makes the document the one in force, durably, with what must be done
// in between; then or before, if it fails, nothing has changed.
func (s *Store) accept(doc *Document, by EditBy, between func() error) (Snapshot, error) {
	before := s.Snapshot()
	r := record{State: string(doc.Source), Revision: Revision{Generation: before.Generation + 1, Kind: KindState, Time: s.now().UTC(),
		Actor: by.Actor, Reason: by.Reason, Summary: by.what + summarize(before.Document, doc), Digest: doc.Digest}}
	next := Snapshot{Document: doc, Generation: r.Generation, Time: r.Time, Actor: r.Actor, Reason: r.Reason, Summary: r.Summary}
	commit, err := s.data.prepareRevision(r)
	if err != nil {
		return before, unrecorded(next, err)
	}
	if between != nil {
		if err := between(); err != nil {
			return before, err
		}
	}
	if err := commit(); err != nil {
		return before, unrecorded(next, err)
	}
	s.data.forget()
	s.append(r.Revision)
	s.current.Store(&next)
	return next, nil
}

// errUnrecorded: the data directory could not take the generation.
var errUnrecorded = errors.New("not recorded")

func unrecorded(next Snapshot, err error) error {
	return fmt.Errorf("record generation %d: %w: %w", next.Generation, errUnrecorded, err)
}

// reading tells two readings of the file apart.
func reading(c content, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return digest(c.src)
}

// Snapshot returns what is in force.
func (s *Store) Snapshot() Snapshot { return *s.current.Load() }

// Path returns the file's path as named by the user.
func (s *Store) Path() string { return s.file }

// Instance returns the random ID that the data directory got once: it tells
// this instance from others. Lost, it is another one.
func (s *Store) Instance() string { return s.id }

// Warnings returns what the user should know of where the file lies and of
// what was found when the store was opened.
func (s *Store) Warnings() []string { return s.warnings }

// Subscribe sets who hears of every Report from now on; it must return at
// once.
func (s *Store) Subscribe(report func(Report)) { s.report.Store(&report) }

func (s *Store) tell(r Report) {
	if f := s.report.Load(); f != nil {
		(*f)(r)
	}
}

// LoadMemory returns what was remembered.
func (s *Store) LoadMemory() (Memory, error) { return s.data.loadMemory() }

// SaveMemory remembers, durably.
func (s *Store) SaveMemory(m Memory) error { return s.data.saveMemory(m) }

// Close lets go of the data directory.
func (s *Store) Close() error { return s.data.close() }

// ReadFile reads and parses the file at that path. The error is a *ParseError.
func ReadFile(path string) (*Document, error) {
	c, err := read(path)
	if err != nil {
		return nil, asParseError(path, err)
	}
	return Parse(path, c.src)
}

// ReadMemory returns what is remembered in a data directory, without holding
// it; nothing where there is none.
func ReadMemory(dir string) (Memory, error) { return (&dataDir{path: dir}).loadMemory() }
