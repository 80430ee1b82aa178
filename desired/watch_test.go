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

// way is how somebody changes the file.
type way struct {
	lay  func(dir, file string) error // how it lies there first; nil: as a file
	save func(dir, file string) error
}

// begin lays the file out, and returns the path by which to watch it.
func (w way) begin(t *testing.T, b *bench) string {
	t.Helper()
	if w.lay != nil {
		if err := errors.Join(os.Remove(b.file), w.lay(b.dir, b.file)); err != nil {
			t.Fatal(err)
		}
	}
	return b.file
}

// ways end with edited as the file's text.
var ways = map[string]way{
	"moved here": {save: moveTo},
	"in place":   {save: func(_, file string) error { return os.WriteFile(file, []byte(edited), 0o644) }},
	"removed and written anew": {save: func(_, file string) error {
		return errors.Join(os.Remove(file), os.WriteFile(file, []byte(edited), 0o644))
	}},
	"as vim does": {save: func(_, file string) error {
		return errors.Join(os.Rename(file, file+"~"), os.WriteFile(file, []byte(edited), 0o644), os.Remove(file+"~"))
	}},
	"a link is turned": {save: func(dir, file string) error {
		return errors.Join(folder(dir, "..new", edited), turn(dir, file, filepath.Join("..new", "state.yaml")))
	}},
	"a link to its folder is turned, as Kubernetes does": {
		lay: func(dir, file string) error {
			return errors.Join(folder(dir, "..1", small), os.Symlink("..1", filepath.Join(dir, "..data")),
				os.Symlink(filepath.Join("..data", "state.yaml"), file))
		},
		save: func(dir, _ string) error {
			return errors.Join(folder(dir, "..2", edited), turn(dir, filepath.Join(dir, "..data"), "..2"))
		},
	},
	"where a link leads": {
		lay: func(dir, file string) error {
			return errors.Join(folder(dir, "there", small), os.Symlink(filepath.Join("there", "state.yaml"), file))
		},
		save: func(dir, _ string) error {
			return moveTo(filepath.Join(dir, "there"), filepath.Join(dir, "there", "state.yaml"))
		},
	},
}

// folder is a new one with the file in it.
func folder(dir, name, text string) error {
	path := filepath.Join(dir, name)
	return errors.Join(os.Mkdir(path, 0o755), os.WriteFile(filepath.Join(path, "state.yaml"), []byte(text), 0o644))
}

// turn makes the path a link to there, whatever it was.
func turn(dir, path, there string) error {
	link := filepath.Join(dir, "link")
	return errors.Join(os.Symlink(there, link), os.Rename(link, path))
}

// moveTo writes edited elsewhere in the folder, and moves it to the path.
func moveTo(dir, path string) error {
	other := filepath.Join(dir, "other")
	return errors.Join(os.WriteFile(other, []byte(edited), 0o644), os.Rename(other, path))
}

func TestAnEditIsSeenHoweverItIsSaved(t *testing.T) {
	for name, w := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, small)
			file := w.begin(t, b)
			_, reports := watched(t, file)
			if err := w.save(b.dir, file); err != nil {
				t.Fatal(err)
			}
			r := next(t, reports)
			if r.Err != nil || r.Snapshot.Generation != 2 || state(t, r.Snapshot, "web") != Stopped {
				t.Errorf("reported: generation %d, %v", r.Snapshot.Generation, r.Err)
			}
		})
	}
}

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
