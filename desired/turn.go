package desired

import (
	"fmt"
	"sync"
	"time"

	"reconciler/desired/desk"
)

// inTurn calls f when it is the caller's turn, returns what f does, and tells
// what f reported when the turn is over. ErrBlocked: f wasn't done in time, or
// met it.
func inTurn[T any](s *Store, what string, f func(*desk.Work) (T, error)) (T, error) {
	got, err := desk.Ask(s.turn, what, f, s.deliver)
	s.deliver()
	return got, err
}

// outbox holds what is to be told.
type outbox struct {
	mu      sync.Mutex // held for moments
	reports []Report
	telling bool
}

// tell reports when the turn is over.
func (s *Store) tell(r Report) {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	s.outbox.reports = append(s.outbox.reports, r)
}

// deliver tells what is to be told, in order, unless somebody is about it.
func (s *Store) deliver() {
	next := func() (r Report, ok bool) {
		s.outbox.mu.Lock()
		defer s.outbox.mu.Unlock()
		if ok = len(s.outbox.reports) > 0; ok {
			r, s.outbox.reports = s.outbox.reports[0], s.outbox.reports[1:]
		}
		s.outbox.telling = ok
		return r, ok
	}
	s.outbox.mu.Lock()
	busy := s.outbox.telling
	s.outbox.telling = true
	s.outbox.mu.Unlock()
	if busy {
		return
	}
	for r, ok := next(); ok; r, ok = next() {
		if f := s.report.Load(); f != nil {
			(*f)(r)
		}
	}
}

// Troubles returns what keeps the file from being looked at, besides the
// Problem; empty: nothing.
func (s *Store) Troubles() []string {
	last := s.looked.Load()
	if last == nil { // nobody watches it
		return nil
	}
	late := time.Since(*last)
	if late < turnPatience {
		return nil
	}
	text := fmt.Sprintf("%s has not been looked at for %s", s.Path(), late.Round(time.Second))
	if err := s.turn.Stuck(); err != nil {
		text += ": " + err.Error()
	}
	return []string{text}
}
