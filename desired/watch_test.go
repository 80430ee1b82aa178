package desired

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// soon is how long a test waits for what must happen before it gives up.
const soon = 30 * time.Second

// watched opens the file, watches it until the test ends, and returns what is
// reported.
func watched(t *testing.T, file string) (*Store, chan Report) {
	t.Helper()
	s, err := Open(Options{File: file, DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	reports := make(chan Report, 100)
	s.Subscribe(func(r Report) { reports <- r })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Watch(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, s.Close()); err != nil {
			t.Error(err)
		}
	})
	return s, reports
}

func next(t *testing.T, reports chan Report) Report {
	t.Helper()
	select {
	case r := <-reports:
		return r
	case <-time.After(soon):
		t.Fatal("nothing was reported")
		return Report{}
	}
}

// edited is small with an edit.
var edited = strings.Replace(small, "web: running", "web: stopped", 1)

func TestAFileBehindALinkIsWatchedWhereItIs(t *testing.T) {
	t.Parallel()
	b := newBench(t, small)
	link := filepath.Join(t.TempDir(), "link.yaml")
	if err := os.Symlink(b.file, link); err != nil {
		t.Fatal(err)
	}
	_, reports := watched(t, link)
	b.move(small + "  cache: running\n")
	if r := next(t, reports); r.Err != nil || len(r.Snapshot.Document.Services) != 3 {
		t.Errorf("reported: %v", r.Err)
	}
}

func TestAMendedFileEndsTheProblem(t *testing.T) {
	t.Parallel()
	b := newBench(t, small)
	_, reports := watched(t, b.file)
	b.move("nonsense\n")
	if r := next(t, reports); r.Err == nil || r.Snapshot.Problem == nil || r.Snapshot.Generation != 1 {
		t.Errorf("of the bad file: generation %d, %v", r.Snapshot.Generation, r.Err)
	}
	b.move(small)
	if r := next(t, reports); r.Err != nil || r.Snapshot.Problem != nil || r.Snapshot.Generation != 1 {
		t.Errorf("of the mended one: generation %d, %v", r.Snapshot.Generation, r.Err)
	}
}

func TestReloadDoesNotWait(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	b.write(small + "  cache: running")
	if r := s.Reload(); r.Err != nil || r.Snapshot.Generation != 2 {
		t.Errorf("generation %d, %v", r.Snapshot.Generation, r.Err)
	}
}
