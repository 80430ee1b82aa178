package desired

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reconciler/desired/desk"
	"reconciler/internal/deaddisk"
)

// within fails the test unless f returns.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(soon):
		t.Fatalf("%s never returned", what)
	}
}

// turnTo makes the file a link.
func (b *bench) turnTo(there string) {
	b.t.Helper()
	link := filepath.Join(b.dir, "link")
	if err := errors.Join(os.Symlink(there, link), os.Rename(link, b.file)); err != nil {
		b.t.Fatal(err)
	}
}

func TestAFileOnADeadDiskHoldsUpNobodyAndIsReadAgainOnceItIsElsewhere(t *testing.T) {
	dead, revive := deaddisk.Mount(t)
	b := newBench(t, small)
	s := b.open()
	s.file.Patience = 20 * time.Millisecond
	b.turnTo(filepath.Join(dead, "state.yaml"))
	within(t, "looking and editing", func() {
		for range 20 {
			b.settle(s)
			_, _, err := s.Change(Flips(flip("web", Stopped)), EditBy{})
			if !errors.Is(err, ErrBlocked) || !strings.Contains(err.Error(), "read "+b.file) {
				t.Fatalf("an edit: %v, want ErrBlocked with the path", err)
			}
			if _, err := s.Preview(Flips(flip("web", Stopped)), EditBy{}); !errors.Is(err, ErrBlocked) {
				t.Fatalf("a preview: %v, want ErrBlocked", err)
			}
			if r := s.Reload(); !errors.Is(r.Err, ErrBlocked) {
				t.Fatalf("a reload: %v, want ErrBlocked", r.Err)
			}
		}
	})
	snap := s.Snapshot()
	if snap.Generation != 1 || !errors.Is(snap.Problem, ErrBlocked) {
		t.Errorf("in force is generation %d, the problem is %v", snap.Generation, snap.Problem)
	}
	s.file.Patience = soon              // a busy machine is no dead disk
	b.move(small)                       // the name leads elsewhere; the old reading is still there
	within(t, "looking again", func() { // readings that may not read are about to end
		for s.Snapshot().Problem != nil {
			b.settle(s)
		}
	})
	if _, changed, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); err != nil || !changed || s.Snapshot().Problem != nil {
		t.Errorf("mended: changed %v, %v, problem %v", changed, err, s.Snapshot().Problem)
	}
	revive()
}

// Each was blocked for ever, or until no memory was left.
func TestWhateverLiesInTheDataDirectoryNothingWaitsForIt(t *testing.T) {
	fifo := func(path string) error { return syscall.Mkfifo(path, 0o600) }
	zero := func(path string) error { return os.Symlink("/dev/zero", path) }
	device := func(path string) error { return unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))) }
	for _, c := range []struct {
		file   string
		make   func(string) error
		opens  bool   // it can be used all the same
		warned string // what a warning says
	}{
		{instanceFile, fifo, true, ""},
		{instanceFile, zero, true, ""},
		{memoryFile, fifo, true, "what was remembered is forgotten"},
		{memoryFile, device, true, "what was remembered is forgotten"},
		{memoryFile + newSuffix, fifo, true, ""},
		{memoryFile + newSuffix, zero, true, ""},
		{preparedFile + newSuffix, fifo, true, ""},
		{preparedFile + newSuffix, zero, true, ""},
		{ignoreFile, fifo, true, ""},
		{ignoreFile + newSuffix, fifo, true, ""},
		{instanceFile + newSuffix, fifo, true, ""},
		{lockFile, fifo, false, ""},
		{lockFile, zero, false, ""},
		{revisionFile(1), zero, true, "damaged"},
		{revisionFile(1), fifo, true, "damaged"},
		{revisionFile(1), device, true, "damaged"},
		{revisionFile(1), func(path string) error { return os.WriteFile(path, nil, 0o600) }, true, "damaged"},
		{revisionFile(1), func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40))
		}, true, "damaged"},
		{revisionsDir, zero, false, ""},
		{revisionsDir, func(path string) error { return os.Symlink("/etc", path) }, false, ""},
	} {
		t.Run(c.file, func(t *testing.T) {
			b := newBench(t, small)
			if err := b.open().Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(b.dir, ".reconciler", c.file)
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			if err := c.make(path); err != nil {
				t.Skip("it can't be made here: ", err)
			}
			within(t, "opening and editing", func() {
				s, err := Open(Options{File: b.file, Now: func() time.Time { return b.now }})
				if !c.opens {
					if !errors.Is(err, ErrDataDir) || !strings.Contains(err.Error(), path) && !strings.Contains(err.Error(), c.file) {
						t.Errorf("got %v, want ErrDataDir with the path", err)
					}
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = s.Close() }()
				if w := strings.Join(s.Warnings(), "\n"); !strings.Contains(w, c.warned) || c.warned == "" && w != "" {
					t.Errorf("warnings: %q, want %q", w, c.warned)
				}
				_, err = s.LoadMemory()
				_, _, cerr := s.Change(Flips(flip("web", Stopped)), EditBy{})
				if err := errors.Join(err, cerr, s.SaveMemory(Memory{})); err != nil {
					t.Error(err)
				}
				_, _, _ = s.Revision(1) // damaged, or not
			})
		})
	}
}

// What is blocked while it writes holds its desk, and nobody else for long.
func TestWhoComesWhileAWriteIsBlockedIsToldAndIsServedOnceItEnds(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	s.turn.Patience = 20 * time.Millisecond
	begun := time.Now().Add(-time.Minute)
	s.looked.Store(&begun)
	release := make(chan struct{})
	edits := 0
	within(t, "waiting for what is blocked", func() {
		if err := s.turn.Do("write /data/revision.new", func(w *desk.Work) {
			if err := w.Commit(); err != nil {
				t.Error(err)
			}
			<-release
		}, nil); !errors.Is(err, ErrBlocked) || !strings.Contains(err.Error(), "isn't known yet") {
			t.Errorf("got %v, want ErrBlocked: it may be made yet", err)
		}
		for range 50 {
			_, changed, err := s.Change(Flips(flip("web", Stopped)), EditBy{})
			if !errors.Is(err, ErrBlocked) || !strings.Contains(err.Error(), "/data/revision.new") {
				t.Errorf("an edit: %v, want ErrBlocked with what is blocked", err)
			}
			if changed {
				edits++
			}
			s.Look()
		}
	})
	if why := strings.Join(s.Troubles(), "\n"); !strings.Contains(why, "has not been looked at for 1m") || !strings.Contains(why, "/data/revision.new") {
		t.Errorf("troubles: %q", why)
	}
	close(release)
	s.turn.Patience = turnPatience
	within(t, "an edit afterwards", func() {
		if _, changed, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); err != nil || !changed {
			t.Errorf("afterwards: changed %v, %v", changed, err)
		}
	})
	if edits != 0 || s.Snapshot().Generation != 2 {
		t.Errorf("generation %d: what was given up was done", s.Snapshot().Generation)
	}
	if why := s.Troubles(); len(why) > 0 {
		t.Errorf("afterwards: %q", why)
	}
}

func TestWhoeverElseMayWriteTheFileIsWarnedOf(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(b *bench) error
		says  string
	}{
		"the file":            {func(b *bench) error { return os.Chmod(b.file, 0o666) }, "state.yaml may be written by everybody"},
		"its folder":          {func(b *bench) error { return os.Chmod(b.dir, 0o777) }, "may be written by everybody"},
		"another name":        {func(b *bench) error { return os.Link(b.file, filepath.Join(b.dir, "other")) }, "has 2 names"},
		"the folder, as /tmp": {func(b *bench) error { return os.Chmod(b.dir, 0o777|os.ModeSticky) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, small)
			s := b.open()
			var told []string
			s.Subscribe(func(r Report) { told = append(told, r.Warnings...) })
			if err := c.spoil(b); err != nil {
				t.Fatal(err)
			}
			b.settle(s)
			b.settle(s)
			if c.says == "" {
				if len(told) > 0 {
					t.Errorf("told: %q", told)
				}
				return
			}
			if len(told) != 1 || !strings.Contains(told[0], c.says) || len(s.Warnings()) != 1 {
				t.Errorf("told %q, warnings %q, want %q once", told, s.Warnings(), c.says)
			}
		})
	}
}
