package desired

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"reconciler/desired/desk"
	"reconciler/desired/settled"
)

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
	s := &Store{
		now: opt.Now, turn: desk.New(turnPatience), file: &settled.File{Path: opt.File, Limit: readSize, Patience: readPatience, Now: opt.Now},
		memory: desk.New(turnPatience), shelf: desk.New(turnPatience), lock: desk.New(statPatience),
	}
	var err error
	late := func() { // nobody waits for the store any more
		if err == nil {
			_ = s.Close()
		}
	}
	if berr := desk.New(openPatience).Do("open "+opt.DataDir, func(*desk.Work) { err = s.open(opt.DataDir) }, late); berr != nil {
		return nil, fmt.Errorf("%w: %w", ErrDataDir, berr)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Store) open(dir string) error {
	data, warnings, err := openDataDir(dir, s.Path())
	if err != nil {
		return err
	}
	s.data.Store(data)
	if err := s.begin(); err != nil {
		return errors.Join(err, data.close())
	}
	s.found = append(warnings, s.found...)
	return nil
}

func (s *Store) begin() (err error) {
	data := s.data.Load()
	if s.id, err = data.instance(); err != nil {
		return err
	}
	damaged, err := s.remember()
	if err != nil {
		return err
	}
	if _, err := data.load(memoryFile, new(memory), new(int)); errors.Is(err, errDamaged) {
		damaged = append(damaged, fmt.Sprintf("%v; what was remembered is forgotten: a job that was done may run once more", err))
	}
	var place, left []string
	r, err := s.file.Read()
	if err == nil {
		place, left = s.mounted(r.Target), data.sweep(r.Target, s.Snapshot().Document)
		finished, err := data.finish(s.Snapshot().Generation, r)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDataDir, err)
		}
		if finished {
			if damaged, err = s.remember(); err != nil {
				return err
			}
		}
	}
	s.found = slices.Concat(damaged, place, left)
	data.forget() // a crash may have come before
	err = withRemedy(err)
	s.consider(r, err)
	if doc := s.Snapshot().Document; doc != nil {
		s.file.Restore(doc.Source)
	}
	report, _ := s.judge(r, err)
	switch {
	case s.current.Load().Document != nil:
		return nil
	case errors.Is(report.Err, errUnrecorded):
		return fmt.Errorf("%w: %w", ErrDataDir, report.Err)
	}
	return asParseError(s.Path(), report.Err)
}

// remember puts what was accepted last in force, and knows of all that is kept.
// A warning names each record that is damaged.
func (s *Store) remember() (warnings []string, err error) {
	data := s.data.Load()
	all, newest, warnings, err := data.revisions()
	if err != nil {
		return nil, err
	}
	s.history.Store(&all)
	snap := Snapshot{Generation: newest} // the count goes on from it in any case
	if len(all) > 0 {
		last := all[len(all)-1]
		r, err := data.record(last.Generation)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDataDir, err)
		}
		// Invalid to this version of the program, it can't be run on.
		snap.Document, _ = Parse(s.Path(), []byte(r.State))
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
