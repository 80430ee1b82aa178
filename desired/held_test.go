package desired

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lock is the path of the bench's lock.
func (b *bench) lock() string { return filepath.Join(b.dir, ".reconciler", lockFile) }

// notHeld holds it to change nothing while the directory isn't held.
func (b *bench) notHeld(s *Store, says string) {
	b.t.Helper()
	if err := s.Held(); !errors.Is(err, ErrUnheld) || !strings.Contains(err.Error(), says) {
		b.t.Errorf("held: %v, want ErrUnheld with %q", err, says)
	}
	before := b.text()
	if _, changed, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); changed || !errors.Is(err, ErrUnheld) || b.text() != before {
		b.t.Errorf("an edit: %v, %v, want ErrUnheld", changed, err)
	}
	if err := s.SaveMemory(Memory{}); !errors.Is(err, ErrUnheld) {
		b.t.Errorf("remembering: %v, want ErrUnheld", err)
	}
}

func TestALockThatIsRemovedIsNoticedAndTakenAgain(t *testing.T) {
	for name, c := range map[string]struct {
		lose func(b *bench) error
		says string
		told string // once it is held again
	}{
		"the lock":    {func(b *bench) error { return os.Remove(b.lock()) }, "was removed", "nothing is lost"},
		"another one": {func(b *bench) error { return errors.Join(os.Remove(b.lock()), os.WriteFile(b.lock(), nil, 0o600)) }, "another one than ours", "nothing is lost"},
		"all of it":   {func(b *bench) error { return os.RemoveAll(filepath.Dir(b.lock())) }, "is gone", "was gone and is held again"},
		"moved, another": {func(b *bench) error {
			return errors.Join(os.Rename(filepath.Dir(b.lock()), b.dir+"/old"), os.Mkdir(filepath.Dir(b.lock()), 0o700))
		}, "was removed", "was gone and is held again"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, small)
			s := b.open()
			if _, _, err := s.Change(Flips(flip("db", Running)), EditBy{Actor: "http:ann", Reason: "tea"}); err != nil {
				t.Fatal(err)
			}
			if err := s.Held(); err != nil {
				t.Fatal(err)
			}
			var told []string
			s.Subscribe(func(r Report) { told = append(told, r.Warnings...) })
			if err := c.lose(b); err != nil {
				t.Fatal(err)
			}
			b.notHeld(s, c.says)
			if err := s.Hold(); err != nil {
				t.Fatal(err)
			}
			if len(told) != 1 || !strings.Contains(told[0], c.told) {
				t.Errorf("told %q, want %q", told, c.told)
			}
			if _, err := Open(Options{File: b.file}); !errors.Is(err, ErrLocked) {
				t.Errorf("a second instance: %v, want ErrLocked", err)
			}
			if snap, changed, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); !changed || err != nil || snap.Generation != 3 {
				t.Errorf("the next edit: generation %d, %v", snap.Generation, err)
			}
			instance := s.Instance()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = b.open()
			if got := history(s); s.Snapshot().Generation != 3 || s.Instance() != instance || !strings.Contains(got, "2 state http:ann (tea) db: stopped -> running") {
				t.Errorf("started again: generation %d, instance %s was %s, revisions\n%s", s.Snapshot().Generation, s.Instance(), instance, got)
			}
		})
	}
}

func history(s *Store) string { return strings.Join(told(s), "\n") }

// Another instance was quicker: this one stays where it is until that ends, and
// then counts what it did.
func TestALockThatAnotherTookIsNotTakenUntilItEnds(t *testing.T) {
	b := newBench(t, small)
	first := b.open()
	if err := os.Remove(b.lock()); err != nil {
		t.Fatal(err)
	}
	second := b.open()
	for range 3 {
		if err := first.Hold(); !errors.Is(err, ErrUnheld) || !strings.Contains(err.Error(), "is in use") {
			t.Errorf("got %v, want ErrUnheld: another has it", err)
		}
		b.notHeld(first, "another one than ours")
	}
	if snap, changed, err := second.Change(Flips(flip("db", Running)), EditBy{}); !changed || err != nil || snap.Generation != 2 {
		t.Errorf("the second one's edit: generation %d, %v", snap.Generation, err)
	}
	if err := errors.Join(second.Close(), first.Hold()); err != nil {
		t.Fatal(err)
	}
	b.settle(first)
	if snap := first.Snapshot(); state(t, snap, "db") != Running || snap.Generation != 3 || snap.Problem != nil {
		t.Errorf("in force is generation %d, problem %v", snap.Generation, snap.Problem)
	}
	if _, changed, err := first.Change(Flips(flip("web", Stopped)), EditBy{}); !changed || err != nil {
		t.Errorf("the next edit: %v, %v", changed, err)
	}
}

// Where the folder itself is gone, perhaps unmounted, nothing is made.
func TestAFolderThatVanishedIsNotMadeAgain(t *testing.T) {
	b := newBench(t, small)
	data := filepath.Join(t.TempDir(), "disk", "data")
	s, err := Open(Options{File: b.file, DataDir: data, Now: func() time.Time { return b.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := os.RemoveAll(filepath.Dir(data)); err != nil {
		t.Fatal(err)
	}
	if err := s.Hold(); !errors.Is(err, ErrUnheld) || !strings.Contains(err.Error(), data) {
		t.Errorf("got %v, want ErrUnheld with the path", err)
	}
	if _, err := os.Stat(filepath.Dir(data)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
	b.move(edited)
	b.settle(s)
	if snap := s.Snapshot(); snap.Generation != 1 || !errors.Is(snap.Problem, ErrUnheld) {
		t.Errorf("a hand's edit: generation %d, problem %v", snap.Generation, snap.Problem)
	}
	if err := errors.Join(os.Mkdir(filepath.Dir(data), 0o700), s.Hold()); err != nil {
		t.Fatal(err)
	}
	b.settle(s)
	if snap := s.Snapshot(); snap.Generation != 2 || snap.Problem != nil {
		t.Errorf("held again: generation %d, problem %v", snap.Generation, snap.Problem)
	}
}

func TestADataDirectoryOfWhoHasNoSayInTheFileIsRefused(t *testing.T) {
	needRoot(t)
	b := newBench(t, small)
	if err := b.open().Close(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(b.lock())
	if err := os.Chown(dir, 1234, 1234); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{File: b.file}); !errors.Is(err, ErrDataDir) || !strings.Contains(err.Error(), "belongs to user 1234") {
		t.Errorf("got %v, want ErrDataDir", err)
	}
	if err := os.Chown(b.dir, 1234, 1234); err != nil { // who may put another file there decides anyway
		t.Fatal(err)
	}
	s := b.open()
	if err := errors.Join(s.Close(), syscall.Chmod(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	if w := b.open().Warnings(); len(w) != 1 || !strings.Contains(w[0], dir+" may be written by everybody") {
		t.Errorf("warnings: %q", w)
	}
}
