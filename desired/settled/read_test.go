package settled

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

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

func TestOnlyAFileIsReadAndNotMuchOfIt(t *testing.T) {
	for name, c := range map[string]struct {
		lay  func(path string) error
		says string // of why it can't be read
		size int
	}{
		"a file":       {func(p string) error { return os.WriteFile(p, []byte(old), 0o644) }, "", len(old)},
		"an empty one": {func(p string) error { return os.WriteFile(p, nil, 0o644) }, "", 0},
		"a large one":  {func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o644), os.Truncate(p, 1<<40)) }, "", 1 << 10},
		"nothing":      {func(string) error { return nil }, "there is no file", 0},
		"a dead link":  {func(p string) error { return os.Symlink("nowhere", p) }, "there is no file", 0},
		"a link round": {func(p string) error { return os.Symlink("file", p) }, "too many links", 0},
		"a directory":  {func(p string) error { return os.Mkdir(p, 0o755) }, "is a directory; it must be a file", 0},
		"a FIFO":       {func(p string) error { return syscall.Mkfifo(p, 0o644) }, "is a FIFO; it must be a file", 0},
		"/dev/zero":    {func(p string) error { return os.Symlink("/dev/zero", p) }, "is a device; it must be a file", 0},
		"/proc/kmsg":   {func(p string) error { return os.Symlink("/proc/kmsg", p) }, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := c.lay(path); err != nil {
				t.Fatal(err)
			}
			within(t, "reading", func() {
				r, err := followed(path).Read()
				switch {
				case err == nil && c.says == "":
					if len(r.Bytes) != c.size || r.Bytes == nil {
						t.Errorf("%d bytes were read, want %d", len(r.Bytes), c.size)
					}
				case name == "/proc/kmsg" && errors.Is(err, fs.ErrPermission): // it is root's
				case err == nil, !strings.Contains(err.Error(), c.says), !strings.Contains(err.Error(), path), c.says == "":
					t.Errorf("got %v, want %q with the path", err, c.says)
				}
			})
		})
	}
}

// dead follows a path that leads to a disk that doesn't answer.
func dead(t *testing.T) (f *File, dir string) {
	disk, _ := deaddisk.Mount(t)
	dir, path := laid(t, old)
	if err := turn(dir, path, filepath.Join(disk, "file")); err != nil {
		t.Fatal(err)
	}
	f = followed(path)
	f.Patience = 20 * time.Millisecond
	return f, dir
}

// left is how many readings have no answer yet; each began so long ago, too.
func left(f *File, ago time.Duration) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.left {
		a.since = a.since.Add(-ago)
	}
	return len(f.left)
}

// inVain reads so often, each time without an answer, and holds so many
// readings to be left to themselves then.
func inVain(t *testing.T, f *File, times, want int) {
	t.Helper()
	within(t, "reading", func() {
		others := runtime.NumGoroutine() - left(f, 0)
		for range times {
			if _, err := f.Read(); !errors.Is(err, desk.ErrBlocked) || !strings.Contains(err.Error(), "read "+f.Path) {
				t.Errorf("got %v, want ErrBlocked with the path", err)
			}
		}
		for runtime.NumGoroutine() > others+want { // those that may not read are about to end
			runtime.Gosched()
		}
	})
	if got := left(f, 0); got != want {
		t.Errorf("%d readings are left, want %d", got, want)
	}
}

func TestAReadingWithoutAnAnswerIsLeftAndTheNextBeginsOnceTheNameLeadsElsewhere(t *testing.T) {
	f, dir := dead(t)
	inVain(t, f, 50, 1)
	f.Patience = soon // a busy machine is no dead disk
	if err := moveTo(dir, f.Path); err != nil {
		t.Fatal(err)
	}
	if r, err := f.Read(); err != nil || string(r.Bytes) != edited { // the old reading is still there
		t.Errorf("%q, %v", r.Bytes, err)
	}
}

func TestOfReadingsWithoutAnAnswerOneBeginsEachMinuteAndFewInAll(t *testing.T) {
	f, _ := dead(t)
	for n := range maxLeft + 3 {
		inVain(t, f, 3, min(n+1, maxLeft))
		left(f, tryAgain)
	}
}

func TestOfAFolderThatDoesNotAnswerOneReadingIsLeft(t *testing.T) {
	disk, _ := deaddisk.Mount(t)
	f := followed(filepath.Join(disk, "file"))
	f.Patience = 20 * time.Millisecond
	inVain(t, f, 50, 1)
}

func TestAWatcherOnADeadDiskEnds(t *testing.T) {
	f, _ := dead(t)
	ctx, cancel := context.WithCancel(t.Context())
	looked := make(chan struct{}, 1000)
	ended := make(chan error, 1)
	go func() {
		ended <- f.watch(ctx, time.Millisecond, func() time.Duration {
			defer func() { looked <- struct{}{} }()
			_, wait := f.Settle(f.Read())
			return wait
		})
	}()
	within(t, "looking", func() {
		for range 3 {
			<-looked
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
