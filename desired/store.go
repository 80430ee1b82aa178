package desired

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"reconciler/desired/desk"
	"reconciler/desired/settled"
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
// it is the file's problem. One with Warnings says those that are new, and
// nothing else.
type Report struct {
	Snapshot Snapshot
	Err      error
	Warnings []string
}

// Store keeps the document in force. Its methods may be called by any number
// of goroutines.
type Store struct {
	now func() time.Time
	id  string

	current atomic.Pointer[Snapshot]
	history atomic.Pointer[[]Revision] // oldest first
	report  atomic.Pointer[func(Report)]
	data    atomic.Pointer[dataDir]
	looked  atomic.Pointer[time.Time] // when the file was read last, by the machine's clock; nil: nobody watches it
	found   []string                  // what the user should know since the store was opened
	concern atomic.Pointer[[]string]  // the same of the file as it is now

	turn   *desk.Desk    // to look at the file or write it, and the revisions
	file   *settled.File // belongs to whoever has the turn
	memory *desk.Desk    // to read and write what is remembered
	shelf  *desk.Desk    // to read a revision
	lock   *desk.Desk    // to look at the lock

	outbox outbox
}

// How long one waits for what a disk should do at once. What takes longer is
// told to be blocked.
const (
	openPatience = 30 * time.Second
	turnPatience = 10 * time.Second
	readPatience = 3 * time.Second
	statPatience = 2 * time.Second
)

// accept makes the document the one in force, durably, with what must be done
// in between; then or before, if it fails, nothing has changed.
func (s *Store) accept(doc *Document, by EditBy, between func() error) (Snapshot, error) {
	before := s.Snapshot()
	r := record{State: string(doc.Source), Revision: Revision{
		Generation: before.Generation + 1, Kind: KindState, Time: s.now().UTC(),
		Actor: by.Actor, Reason: by.Reason, Summary: by.what + summarize(before.Document, doc), Digest: doc.Digest,
	}}
	next := Snapshot{Document: doc, Generation: r.Generation, Time: r.Time, Actor: r.Actor, Reason: r.Reason, Summary: r.Summary}
	data := s.data.Load()
	if err := data.held(); err != nil {
		return before, unrecorded(next, err)
	}
	commit, err := data.prepareRevision(r)
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
	data.forget()
	s.append(r.Revision)
	s.current.Store(&next)
	return next, nil
}

// errUnrecorded: the data directory could not take the generation.
var errUnrecorded = errors.New("not recorded")

func unrecorded(next Snapshot, err error) error {
	return fmt.Errorf("record generation %d: %w: %w", next.Generation, errUnrecorded, err)
}

// Snapshot returns what is in force.
func (s *Store) Snapshot() Snapshot { return *s.current.Load() }

// Path returns the file's path as named by the user.
func (s *Store) Path() string { return s.file.Path }

// Instance returns the random ID that the data directory got once: it tells
// this instance from others. Lost, it is another one.
func (s *Store) Instance() string { return s.id }

// Warnings returns what the user should know of where the file lies, of who
// may write it, and of what was found when the store was opened.
func (s *Store) Warnings() []string { return slices.Concat(s.found, *s.concern.Load()) }

// Subscribe sets who hears of every Report from now on, one after the other.
func (s *Store) Subscribe(report func(Report)) { s.report.Store(&report) }

// LoadMemory returns what was remembered.
func (s *Store) LoadMemory() (Memory, error) {
	return desk.Ask(s.memory, "read "+s.Dir(), func(*desk.Work) (Memory, error) { return s.data.Load().loadMemory() }, nil)
}

// SaveMemory remembers, durably.
func (s *Store) SaveMemory(m Memory) error {
	_, err := desk.Ask(s.memory, "write "+s.Dir(), func(*desk.Work) (struct{}, error) {
		data := s.data.Load()
		if err := data.held(); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, data.saveMemory(m)
	}, nil)
	return err
}

// Dir returns the path of the data directory.
func (s *Store) Dir() string { return s.data.Load().path }

// Close lets go of the data directory.
func (s *Store) Close() error { return s.data.Load().close() }
