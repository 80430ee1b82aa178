package desired

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const small = "version: 1\nproject: shop\nservices:\n  web: running\n  db: stopped\n"

// bench is a directory with a state.yaml, and a clock that a test turns by
// hand.
type bench struct {
	t    *testing.T
	dir  string
	file string
	now  time.Time
}

func newBench(t *testing.T, src string) *bench {
	t.Helper()
	dir := t.TempDir()
	b := &bench{t: t, dir: dir, file: filepath.Join(dir, "state.yaml"), now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	b.write(src)
	return b
}

// write changes the file in place.
func (b *bench) write(src string) {
	b.t.Helper()
	if err := os.WriteFile(b.file, []byte(src), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// move renames another file over it, as most editors do.
func (b *bench) move(src string) {
	b.t.Helper()
	other := filepath.Join(b.dir, "other")
	if err := errors.Join(os.WriteFile(other, []byte(src), 0o644), os.Rename(other, b.file)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) text() string {
	b.t.Helper()
	src, err := os.ReadFile(b.file)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(src)
}

func (b *bench) open() *Store {
	b.t.Helper()
	s, err := Open(Options{File: b.file, Now: func() time.Time { return b.now }})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = s.Close() }) // a test may have closed it
	return s
}

// settle lets time pass until the file counts.
func (b *bench) settle(s *Store) {
	for range 3 {
		wait := s.Look()
		if wait == 0 {
			wait = 2 * time.Second // as a watcher would
		}
		b.now = b.now.Add(wait)
	}
}

func flip(service string, to State) Change { return Change{Service: service, State: to} }

// state is what the snapshot says of a service.
func state(t *testing.T, s Snapshot, service string) State {
	t.Helper()
	found, ok := s.Document.Service(service)
	if !ok {
		t.Fatalf("%s is not listed", service)
	}
	return found.State
}

func TestTheGenerationCountsAcceptedChangesOnly(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	step := func(what string, want int64) {
		t.Helper()
		if got := s.Snapshot().Generation; got != want {
			t.Fatalf("%s: generation %d, want %d", what, got, want)
		}
	}
	step("first start", 1)
	b.settle(s)
	step("nothing happened", 1)
	b.move(small + "  cache: running\n")
	b.settle(s)
	step("a hand's edit", 2)
	b.write("nonsense")
	b.settle(s)
	step("a bad one", 2)
	b.write(small)
	b.settle(s)
	step("mended", 3)
	if _, changed, err := s.Change(Flips(flip("web", Stopped)), EditBy{Actor: "http:ann", Reason: "tea"}); err != nil || !changed {
		t.Fatal(changed, err)
	}
	step("a machine's edit", 4)
	if _, changed, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); err != nil || changed {
		t.Fatal(changed, err)
	}
	step("the same again", 4)
	before := s.Snapshot()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = b.open()
	step("a restart", 4)
	if diff := cmp.Diff(before, s.Snapshot(), cmp.AllowUnexported(Document{})); diff != "" {
		t.Errorf("over a restart: -want +got:\n%s", diff)
	}
}

func TestOneEditIsOneReport(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	var got []string
	s.Subscribe(func(r Report) {
		word := "accepted"
		if r.Err != nil {
			word = "refused"
		}
		got = append(got, word+" "+r.Snapshot.Actor)
	})
	if _, _, err := s.Change(Flips(flip("web", Stopped)), EditBy{Actor: "cli:ann"}); err != nil {
		t.Fatal(err)
	}
	b.settle(s)
	b.write("nonsense\n")
	b.settle(s)
	b.settle(s)
	b.write(small)
	b.settle(s)
	if diff := cmp.Diff([]string{"accepted cli:ann", "refused cli:ann", "accepted file"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestABadFileChangesNothing(t *testing.T) {
	for name, spoil := range map[string]func(file string) error{
		"invalid":      func(f string) error { return os.WriteFile(f, []byte("services: {}\n"), 0o644) },
		"empty":        func(f string) error { return os.Truncate(f, 0) },
		"removed":      os.Remove,
		"a directory":  func(f string) error { return errors.Join(os.Remove(f), os.Mkdir(f, 0o755)) },
		"a FIFO":       func(f string) error { return errors.Join(os.Remove(f), syscall.Mkfifo(f, 0o644)) },
		"/dev/zero":    func(f string) error { return errors.Join(os.Remove(f), os.Symlink("/dev/zero", f)) },
		"/proc/kmsg":   func(f string) error { return errors.Join(os.Remove(f), os.Symlink("/proc/kmsg", f)) },
		"a dead link":  func(f string) error { return errors.Join(os.Remove(f), os.Symlink("nowhere", f)) },
		"a link round": func(f string) error { return errors.Join(os.Remove(f), os.Symlink("state.yaml", f)) },
		"enormous":     func(f string) error { return os.Truncate(f, 1<<40) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, small)
			s := b.open()
			if err := spoil(b.file); err != nil {
				t.Fatal(err)
			}
			b.settle(s)
			check := func() {
				t.Helper()
				snap := s.Snapshot()
				if snap.Generation != 1 || state(t, snap, "web") != Running {
					t.Errorf("in force is generation %d", snap.Generation)
				}
				if snap.Problem == nil || snap.ProblemSince.IsZero() {
					t.Error("nothing is said of the problem")
				}
			}
			check()
			if _, _, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); !errors.Is(err, ErrFileInvalid) {
				t.Errorf("an edit now: %v, want ErrFileInvalid", err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = b.open() // a restart runs on what was accepted last
			check()
			if err := os.RemoveAll(b.file); err != nil {
				t.Fatal(err)
			}
			b.write(small)
			b.settle(s)
			if snap := s.Snapshot(); snap.Problem != nil || snap.Generation != 1 || !snap.ProblemSince.IsZero() {
				t.Errorf("mended, but generation %d and problem %v", snap.Generation, snap.Problem)
			}
		})
	}
}

func TestABadFileWithNothingBeforeItIsAnError(t *testing.T) {
	for name, c := range map[string]struct{ src, want string }{
		"invalid": {"version: 1\n", "state.yaml:1:1: project is missing"},
		"missing": {"", "there is no file"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, c.src)
			if c.src == "" {
				if err := os.Remove(b.file); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Open(Options{File: b.file})
			var bad *ParseError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a *ParseError with %q", err, c.want)
			}
			b.write(small)
			b.open() // the lock was let go
		})
	}
}

// Every prefix of a save that is written in place is seen once, and none that
// lists fewer services than before is ever in force.
func TestHalfASaveIsNeverInForce(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	whole := strings.Replace(small, "web: running", "web: stopped", 1) + "  cache: running\n"
	valid := 0
	for end := range len(whole) {
		b.write(whole[:end])
		if _, err := Parse("", []byte(whole[:end])); err == nil {
			valid++
		}
		b.now = b.now.Add(900 * time.Millisecond)
		s.Look()
		if snap := s.Snapshot(); snap.Generation != 1 || snap.Problem != nil {
			t.Fatalf("%d bytes: generation %d, problem %v", end, snap.Generation, snap.Problem)
		}
	}
	if valid < 5 {
		t.Fatalf("only %d of the prefixes are valid: nothing was proven", valid)
	}
	b.write(whole)
	b.settle(s)
	if snap := s.Snapshot(); snap.Generation != 2 || len(snap.Document.Services) != 3 {
		t.Errorf("in the end: generation %d, %d services", snap.Generation, len(snap.Document.Services))
	}
}
