package settled

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

// statPatience is how long one waits for what a disk should do at once.
const statPatience = 2 * time.Second

// Watch calls look, which reads the file, until ctx ends, and returns nil then:
// at the beginning, when the path leads to another file or that one was
// written, as often as it polls, and after as long as look asks for (0: it
// doesn't). Of a folder to which a link is turned later, only polling tells. The
// error is that nothing is watched any more.
func (f *File) Watch(ctx context.Context, look func() time.Duration) error {
	return f.watch(ctx, pollEvery, look)
}

// watch watches the directories, for editors rename. What else happens in them,
// as to a database beside the file, costs one stat: no name tells what concerns
// the file, since any part of a path may be a link.
func (f *File) watch(ctx context.Context, poll time.Duration, look func() time.Duration) error {
	var events chan fsnotify.Event
	var failures chan error
	stats := desk.New(statPatience) // what it asks a disk by itself may have no answer
	w, err := fsnotify.NewWatcher()
	if err == nil { // out of inotify instances: polling does
		events, failures = w.Events, w.Errors
		_ = stats.Do("watch "+f.Path, func(*desk.Work) { f.watchDirs(w) }, nil)
		// What is blocked then, the end of the process ends.
		defer func() { _ = stats.Do("stop watching "+f.Path, func(*desk.Work) { _ = w.Close() }, nil) }()
	}
	identity := func() ID {
		id, err := desk.Ask(stats, "stat "+f.Path, func(*desk.Work) (ID, error) { return identityAt(f.Path), nil }, nil)
		if err != nil {
			return ID{size: -1} // unlike any: look, which says what is blocked
		}
		return id
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
		wait := poll
		if asked := look(); asked > 0 {
			wait = min(poll, asked)
		}
		next.Reset(wait)
		last = time.Now()
	}
}

// watchDirs watches where the file's name is, and where a symlink leads.
func (f *File) watchDirs(w *fsnotify.Watcher) {
	dirs := map[string]bool{filepath.Dir(f.Path): true}
	if target, err := filepath.EvalSymlinks(f.Path); err == nil {
		dirs[filepath.Dir(target)] = true
	}
	for dir := range dirs {
		_ = w.Add(dir) // what can't be watched is polled
	}
}
