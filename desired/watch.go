package desired

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"reconciler/desired/desk"
)

// pollEvery is how often the file is looked at even if no event came: network
// file systems send none, and queues overflow (kubernetes#40123).
const pollEvery = 2 * time.Second

// lookGap is the least time from one look to the next that an event asks for,
// however often the file is written.
const lookGap = 20 * time.Millisecond

// Watch follows the file until ctx ends, and returns nil then. It watches the
// directories, for editors rename, and polls beside that. What changed is told
// to whoever subscribed. It may be called once.
func (s *Store) Watch(ctx context.Context) error { return s.watch(ctx, pollEvery, s.Look) }

// watch calls look at the beginning, when the path leads to another file or the
// file to which it leads has changed, when look asked for it, and each poll.
// What else happens in the directories, as to a database beside the file,
// costs one stat: no name tells what concerns the file, since any part of a
// path may be a link.
func (s *Store) watch(ctx context.Context, poll time.Duration, look func() time.Duration) error {
	begun := time.Now()
	s.looked.Store(&begun)
	var events chan fsnotify.Event
	var failures chan error
	stats := desk.New(statPatience) // what it asks a disk by itself may have no answer
	identity := func() (now fileID) {
		found := make(chan fileID, 1)
		if stats.Do("stat "+s.file, func(*desk.Work) { found <- identityAt(s.file) }, func() {}) != nil {
			return fileID{size: -1} // unlike any: look, which says what is blocked
		}
		return <-found
	}
	w, err := fsnotify.NewWatcher()
	if err == nil { // out of inotify instances: polling does
		events, failures = w.Events, w.Errors
		_ = stats.Do("watch "+s.file, func(*desk.Work) { s.watchDirs(w) }, func() {})
		// What is blocked then, the end of the process ends.
		defer func() { _ = stats.Do("stop watching "+s.file, func(*desk.Work) { _ = w.Close() }, func() {}) }()
	}
	seen, last := identity(), time.Time{}
	next := time.NewTimer(0) // what happened before the directories were watched
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, ok := <-events:
			if !ok {
				return errors.New("watch: the notifier closed")
			}
			if now := identity(); now != seen {
				seen = now
				next.Reset(max(0, lookGap-time.Since(last)))
			}
			continue
		case <-failures: //nolint:errcheck // an overflow, mostly: look, as for any event
		case <-next.C:
		}
		next.Reset(min(poll, look()))
		last = time.Now()
	}
}

// watchDirs watches where the file's name is, and where a symlink leads.
func (s *Store) watchDirs(w *fsnotify.Watcher) {
	dirs := map[string]bool{filepath.Dir(s.file): true}
	if target, err := filepath.EvalSymlinks(s.file); err == nil {
		dirs[filepath.Dir(target)] = true
	}
	for dir := range dirs {
		_ = w.Add(dir) // what can't be watched is polled
	}
}

// Look looks at the file once, accepts what has settled, and returns how long
// to wait before the next look is worth while.
func (s *Store) Look() time.Duration {
	wait := pollEvery
	looked := make(chan time.Time, 1)
	if s.inTurn("look at "+s.file, func(*desk.Work) {
		c, err := s.attempt()
		report, due := s.follow(c, err)
		if report != nil {
			s.tell(*report)
		}
		looked <- due
	}) != nil {
		return wait
	}
	if due := <-looked; !due.IsZero() {
		wait = max(time.Millisecond, due.Sub(s.now()))
	}
	return wait
}

// Reload accepts the file as it is now, without waiting for it to settle. The
// error of what it reports may be ErrBlocked, and nothing was reported then.
func (s *Store) Reload() Report {
	reports := make(chan Report, 1)
	if err := s.inTurn("look at "+s.file, func(*desk.Work) {
		c, err := s.attempt()
		r := s.judge(c, err)
		s.settling = settling{}
		s.tell(r)
		reports <- r
	}); err != nil {
		return Report{Snapshot: s.Snapshot(), Err: err}
	}
	return <-reports
}

// follow takes in one reading. It returns what to report, if anything, and
// when a change that hasn't settled yet will count, zero if there is none. The
// caller has the turn.
func (s *Store) follow(c content, err error) (*Report, time.Time) {
	if reading(c, err) == s.judged {
		s.settling, s.fileID = settling{}, c.id
		return nil, time.Time{}
	}
	now := s.now()
	if due := s.settling.look(c, err, s.fileID, now); now.Before(due) {
		return nil, due
	}
	s.settling = settling{}
	before := s.Snapshot().Problem
	r := s.judge(c, err)
	if before != nil && r.Err != nil && before.Error() == r.Err.Error() {
		return nil, time.Time{} // known already
	}
	return &r, time.Time{}
}
