package desired

import (
	"context"
	"errors"
	"time"

	"reconciler/desired/desk"
	"reconciler/desired/settled"
)

// Watch follows the file until ctx ends, and returns nil then. What changed is
// told to whoever subscribed. It may be called once.
func (s *Store) Watch(ctx context.Context) error {
	begun := time.Now()
	s.looked.Store(&begun)
	return s.file.Watch(ctx, s.Look)
}

// Look looks at the file once, accepts what has settled, and returns how long
// to wait before the next look may find that what is being written has; 0:
// nothing is.
func (s *Store) Look() time.Duration {
	wait, _ := inTurn(s, "look at "+s.Path(), func(*desk.Work) (time.Duration, error) {
		return s.follow(s.attempt()), nil
	})
	return wait // 0 where something is blocked, which Troubles tells
}

// Reload accepts the file as it is now, without waiting for it to settle. The
// error of what it reports may be ErrBlocked, and nothing was reported then.
func (s *Store) Reload() Report {
	report, err := inTurn(s, "look at "+s.Path(), func(*desk.Work) (Report, error) {
		report, _ := s.judge(s.attempt())
		s.tell(report)
		return report, nil
	})
	if err != nil {
		return Report{Snapshot: s.Snapshot(), Err: err}
	}
	return report
}

// attempt reads the file. The caller has the turn.
func (s *Store) attempt() (settled.Reading, error) {
	r, err := s.file.Read()
	if now := time.Now(); err == nil || !errors.Is(err, ErrBlocked) {
		s.looked.Store(&now)
	}
	err = withRemedy(err)
	s.consider(r, err)
	return r, err
}

// follow accepts a reading that has settled or finds it bad, tells what is new
// of that, and returns how long to wait for one that hasn't. The caller has the
// turn.
func (s *Store) follow(r settled.Reading, err error) (wait time.Duration) {
	fresh, wait := s.file.Settle(r, err)
	if fresh {
		if report, news := s.judge(r, err); news {
			s.tell(report)
		}
	}
	return wait
}

// judge accepts a reading or finds it bad, and reports whether that is news;
// the caller has the turn, or nobody else knows s yet. A reading that is in
// force already just ends a problem.
func (s *Store) judge(r settled.Reading, err error) (report Report, news bool) {
	news = s.file.Judge(r, err, func(src []byte) error {
		doc, err := Parse(s.Path(), src)
		if err != nil {
			return err
		}
		if _, err = s.accept(doc, EditBy{Actor: "file"}, nil); err != nil {
			s.file.Again() // nothing is wrong with the file
		}
		return err
	})
	now, next := s.file.State(), s.Snapshot()
	next.Problem, next.ProblemSince = now.Problem, now.Since
	s.current.Store(&next)
	return Report{Snapshot: next, Err: next.Problem}, news
}
