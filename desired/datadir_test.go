package desired

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTwoInstancesCannotHoldOneDirectory(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	dir := filepath.Join(b.dir, ".reconciler")
	_, err := Open(Options{File: b.file})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want ErrLocked naming %s", err, dir)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b.open() // it was let go
	ignore, err := os.ReadFile(filepath.Join(dir, ".gitignore"))
	if err != nil || string(ignore) != "*\n" {
		t.Errorf(".gitignore is %q, %v", ignore, err)
	}
}

func TestTheInstanceIDIsTheDirectorysOwnUntilItIsLost(t *testing.T) {
	b := newBench(t, small)
	file := filepath.Join(b.dir, ".reconciler", instanceFile)
	instance := func() string {
		t.Helper()
		s := b.open()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if id := s.Instance(); len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
			t.Errorf("instance %q", id)
		}
		return s.Instance()
	}
	first := instance()
	if again := instance(); again != first {
		t.Errorf("instance %s, then %s", first, again)
	}
	if other := newBench(t, small).open().Instance(); other == first {
		t.Errorf("another directory's is %s, too", other)
	}
	before := first
	for name, lose := range map[string]func() error{
		"removed": func() error { return os.Remove(file) },
		"cut off": func() error { return os.Truncate(file, 20) },
	} {
		if err := lose(); err != nil {
			t.Fatal(err)
		}
		now := instance()
		if now == before || now != instance() {
			t.Errorf("%s: %s, before %s", name, now, before)
		}
		before = now
	}
}

func TestADataDirectoryThatCannotBeUsedIsAnError(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"a file in its place": func(dir string) error { return errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o644)) },
		"a newer record": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, revisionFile(1)), []byte(`{"schema":2}`), 0o644)
		},
		"a file in place of the records": func(dir string) error {
			records := filepath.Join(dir, revisionsDir)
			return errors.Join(os.RemoveAll(records), os.WriteFile(records, nil, 0o644))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, small)
			if err := b.open().Close(); err != nil {
				t.Fatal(err)
			}
			if err := spoil(filepath.Join(b.dir, ".reconciler")); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(Options{File: b.file}); !errors.Is(err, ErrDataDir) {
				t.Errorf("got %v, want ErrDataDir", err)
			}
		})
	}
}

// Root, who runs the tests, may write anywhere.
func TestADataDirectoryOfSomebodyElseSaysToWhomToGiveItsFolder(t *testing.T) {
	err := unusable("/state/.reconciler", &fs.PathError{Op: "mkdir", Path: "/state/.reconciler", Err: syscall.EACCES})
	if want := fmt.Sprintf("give /state to user %d", os.Geteuid()); !errors.Is(err, ErrDataDir) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want ErrDataDir with %q", err, want)
	}
	dir := t.TempDir() // it is there already: to give the folder above it away would mend nothing
	err = unusable(dir, &fs.PathError{Op: "open", Path: dir, Err: syscall.EACCES})
	if want := fmt.Sprintf("chown -R %d %s", os.Geteuid(), dir); !errors.Is(err, ErrDataDir) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want ErrDataDir with %q", err, want)
	}
}

// What was valid once may not be so to a stricter version of the program: the
// file is mended by then, or there is nothing to run on.
func TestTheCountGoesOnFromADocumentThatIsInvalidByNow(t *testing.T) {
	b := newBench(t, small)
	if err := b.open().Close(); err != nil {
		t.Fatal(err)
	}
	const old = "version: 0\n"
	record := `{"schema":1,"generation":7,"digest":"` + digest([]byte(old)) + `","state":"version: 0\n"}`
	if err := os.WriteFile(filepath.Join(b.dir, ".reconciler", revisionFile(7)), []byte(record), 0o644); err != nil {
		t.Fatal(err)
	}
	b.write(old)
	var bad *ParseError
	if _, err := Open(Options{File: b.file}); !errors.As(err, &bad) {
		t.Errorf("got %v, want a *ParseError", err)
	}
	b.write(small)
	if snap := b.open().Snapshot(); snap.Generation != 8 || snap.Problem != nil {
		t.Errorf("generation %d, problem %v", snap.Generation, snap.Problem)
	}
}

func TestMemoryIsKeptAndItsLossIsSafe(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	if m, err := s.LoadMemory(); err != nil || len(m) > 0 {
		t.Errorf("at first: %+v, %v", m, err)
	}
	want := Memory{"migrate": {Replicas: 1, Done: "c0ffee"}, "web": {Replicas: 3, Healthy: []string{"c1", "c2"}}}
	if err := s.SaveMemory(want); err != nil {
		t.Fatal(err)
	}
	got, err := s.LoadMemory()
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	old := `{"schema":1,"jobs":{"migrate":"c0ffee"},"replicas":{"migrate":1,"web":3},"healthy":{"web":["c1","c2"]}}` // before each service had a place of its own
	if err := os.WriteFile(filepath.Join(b.dir, ".reconciler", memoryFile), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err = s.LoadMemory()
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("an old file: %v, -want +got:\n%s", err, diff)
	}
	for src, refused := range map[string]bool{
		"": false, "{": false, `{"schema":1,"services":{"web":{"replicas":"x"}}}`: false, `{"schema":1,"jobs":{"web":"x"},"replicas":[]}`: false, `{"schema":2}`: true,
	} {
		if err := os.WriteFile(filepath.Join(b.dir, ".reconciler", memoryFile), []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := s.LoadMemory()
		if refused != errors.Is(err, ErrDataDir) || len(m) > 0 {
			t.Errorf("%q: %+v, %v", src, m, err)
		}
	}
}

func TestWhatACrashLeftIsClearedAwayUnlessItMayBeAnEditorsSave(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	if _, _, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); err != nil {
		t.Fatal(err)
	}
	// As a crash in the middle of the next edit leaves it: prepared, not committed.
	next := strings.Replace(small, "db: stopped", "db: running", 1)
	prepared := record{Revision: Revision{Generation: 3, Digest: digest([]byte(next))}, State: next}
	if _, err := s.data.Load().prepareRevision(prepared); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for suffix, src := range map[string]string{"1": next, "2": next[:20], "3": "", "4": b.text(), "5": "somebody's"} {
		if err := os.WriteFile(filepath.Join(b.dir, tempPrefix("state.yaml")+suffix), []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = b.open()
	kept := filepath.Join(b.dir, tempPrefix("state.yaml")+"5")
	if diff := cmp.Diff([]string{kept}, b.leftovers()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if w := s.Warnings(); len(w) != 1 || !strings.Contains(w[0], kept) {
		t.Errorf("warnings: %q", w)
	}
	if snap := s.Snapshot(); snap.Generation != 2 || state(t, snap, "db") != Stopped {
		t.Errorf("generation %d is in force", snap.Generation)
	}
}

// The power goes after the exchange brought out what somebody saved meanwhile,
// and before it is put back: the edit counts, and the save lies beside it.
func TestAnEditThatIsFinishedStillTellsOfTheSaveThatItDrove(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	next := strings.Replace(small, "db: stopped", "db: running", 1)
	prepared := record{Revision: Revision{Generation: 2, Actor: "http:ann", Digest: digest([]byte(next))}, State: next}
	if _, err := s.data.Load().prepareRevision(prepared); err != nil {
		t.Fatal(err)
	}
	b.move(next)
	kept := filepath.Join(b.dir, tempPrefix("state.yaml")+"1")
	err := os.WriteFile(kept, []byte(small+"  cache: running\n"), 0o600)
	damaged := filepath.Join(b.dir, ".reconciler", revisionFile(1))
	if err := errors.Join(err, os.Truncate(damaged, 0), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = b.open()
	if snap := s.Snapshot(); snap.Generation != 2 || snap.Actor != "http:ann" {
		t.Errorf("generation %d by %s: the edit was not finished", snap.Generation, snap.Actor)
	}
	if w := s.Warnings(); len(w) != 2 || !strings.Contains(w[0], damaged) || !strings.Contains(w[1], kept) {
		t.Errorf("warnings: %q", w)
	}
	if diff := cmp.Diff([]string{kept}, b.leftovers()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// An edit that can't be recorded is not in force, and nothing is wrong with the
// file: it is tried again until there is space.
func TestAFullDataDirectoryHoldsAnEditBackUntilThereIsSpace(t *testing.T) {
	b := newBench(t, small)
	data := t.TempDir()
	fill := smallDisk(t, data)
	s, err := Open(Options{File: b.file, DataDir: data, Now: func() time.Time { return b.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	var reports []error
	s.Subscribe(func(r Report) { reports = append(reports, r.Err) })
	empty := fill()
	if _, _, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); !errors.Is(err, ErrNoSpace) || b.text() != small {
		t.Errorf("a machine's edit: %v, want ErrNoSpace", err)
	}
	b.move(small + "  cache: running\n")
	b.settle(s)
	b.settle(s)
	if snap := s.Snapshot(); snap.Generation != 1 || !errors.Is(snap.Problem, ErrNoSpace) {
		t.Errorf("a hand's edit: generation %d, problem %v", snap.Generation, snap.Problem)
	}
	if _, _, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); !errors.Is(err, ErrNoSpace) {
		t.Errorf("a machine's edit on top: %v, want ErrNoSpace", err)
	}
	empty()
	b.settle(s)
	if snap := s.Snapshot(); snap.Generation != 2 || snap.Problem != nil {
		t.Errorf("with space again: generation %d, problem %v", snap.Generation, snap.Problem)
	}
	if len(reports) != 2 || !errors.Is(reports[0], ErrNoSpace) || reports[1] != nil {
		t.Errorf("reported: %v", reports)
	}
}
