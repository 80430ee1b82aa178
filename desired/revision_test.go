package desired

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// told is each revision in one line, newest first.
func told(s *Store) []string {
	var lines []string
	for _, r := range s.Revisions() {
		lines = append(lines, fmt.Sprintf("%d %s %s (%s) %s", r.Generation, r.Kind, r.Actor, r.Reason, r.Summary))
	}
	return lines
}

func TestEachAcceptedChangeIsARevision(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	b.move(small + "  cache: running\n")
	b.settle(s)
	if _, _, err := s.Change(Flips(flip("web", Stopped), flip("db", Running)), EditBy{Actor: "http:ann", Reason: "tea"}); err != nil {
		t.Fatal(err)
	}
	b.write("nonsense\n") // changes nothing, and is no revision
	b.settle(s)
	b.write(b.revision(s, 3) + "# mine\n")
	b.settle(s)
	b.move("version: 1\nproject: shop\ngroups: {front: [web]}\nservices:\n  web: {state: stopped, settle: 1s, suspend: {until: 2026-12-01T18:00:00Z}}\n")
	b.settle(s)
	want := []string{
		"5 state file () web: suspended until 2026-12-01T18:00:00Z; web: settings changed; db: no longer listed; cache: no longer listed; groups changed",
		"4 state file () only how it is written",
		"3 state http:ann (tea) web: running -> stopped; db: stopped -> running",
		"2 state file () cache: listed, running",
		"1 state file () 2 services listed",
	}
	if diff := cmp.Diff(want, told(s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, told(b.open())); diff != "" {
		t.Errorf("over a restart: -want +got:\n%s", diff)
	}
}

// revision is the text of a revision.
func (b *bench) revision(s *Store, n int64) string {
	b.t.Helper()
	_, src, err := s.Revision(n)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(src)
}

func TestARestoredRevisionIsANewOneWithTheOldBytes(t *testing.T) {
	b := newBench(t, small+"# by hand\n")
	s := b.open()
	if _, _, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); err != nil {
		t.Fatal(err)
	}
	restore := func(n int64) (Snapshot, bool, error) {
		t.Helper()
		p, err := s.Restoration(n)
		if err != nil {
			t.Fatal(err)
		}
		return s.Change(p, EditBy{Actor: "cli:ann", Reason: "oops"})
	}
	snap, changed, err := restore(1)
	if err != nil || !changed || snap.Generation != 3 || b.text() != small+"# by hand\n" {
		t.Errorf("generation %d, changed %v, %v: %q", snap.Generation, changed, err, b.text())
	}
	if want := "3 state cli:ann (oops) restored revision 1: web: stopped -> running"; told(s)[0] != want {
		t.Errorf("got %q, want %q", told(s)[0], want)
	}
	if snap, changed, err := restore(3); err != nil || changed || snap.Generation != 3 {
		t.Errorf("what is in force already: generation %d, changed %v, %v", snap.Generation, changed, err)
	}
	b.move(strings.Replace(small, "project: shop", "project: bank", 1))
	b.settle(s)
	if _, _, err := restore(1); !errors.Is(err, ErrByFileOnly) {
		t.Errorf("of another project: %v, want ErrByFileOnly", err)
	}
	if _, err := s.Restoration(99); !errors.Is(err, ErrUnknownRevision) {
		t.Errorf("one that never was: %v, want ErrUnknownRevision", err)
	}
}

func TestAPreviewChangesNothing(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	doc, err := s.Preview(Flips(flip("web", Stopped)), EditBy{IfMatch: s.Snapshot().Document.Digest})
	if err != nil || doc.Services[0].State != Stopped {
		t.Errorf("%+v, %v", doc, err)
	}
	if b.text() != small || s.Snapshot().Generation != 1 || len(s.Revisions()) != 1 || state(t, s.Snapshot(), "web") != Running {
		t.Errorf("generation %d, %q", s.Snapshot().Generation, b.text())
	}
	if _, err := s.Preview(Flips(flip("web", Stopped)), EditBy{IfMatch: "other"}); !errors.Is(err, ErrStale) {
		t.Errorf("of another file: %v, want ErrStale", err)
	}
}

func TestTheLastHundredRevisionsAreKept(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	for i := range keptRevisions + 4 {
		if _, _, err := s.Change(Flips(flip("web", []State{Stopped, Running}[i%2])), EditBy{}); err != nil {
			t.Fatal(err)
		}
	}
	check := func() {
		t.Helper()
		all := s.Revisions()
		if len(all) != keptRevisions || all[0].Generation != keptRevisions+5 || all[keptRevisions-1].Generation != 6 {
			t.Fatalf("%d kept, from %d to %d", len(all), all[0].Generation, all[len(all)-1].Generation)
		}
		if _, _, err := s.Revision(5); !errors.Is(err, ErrUnknownRevision) {
			t.Errorf("a forgotten one: %v, want ErrUnknownRevision", err)
		}
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = b.open()
	check()
	files, err := os.ReadDir(filepath.Join(b.dir, ".reconciler", revisionsDir))
	if err != nil || len(files) != keptRevisions {
		t.Errorf("%d files, %v", len(files), err)
	}
}

// A crash can come before the oldest is removed, and removing it can fail.
func TestWhatIsTooOldIsForgottenAsSoonAsItCanBe(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	prepare := func(generation int64, state string) (commit func() error) {
		t.Helper()
		commit, err := s.data.Load().prepareRevision(record{Revision: Revision{Generation: generation, Digest: digest([]byte(state))}, State: state})
		if err != nil {
			t.Fatal(err)
		}
		return commit
	}
	for n := range int64(keptRevisions + 4) {
		if err := prepare(n+1, small)(); err != nil {
			t.Fatal(err)
		}
	}
	next := small + "  cache: running\n"
	prepare(keptRevisions+5, next) // the crash came before this counted
	// What can't be removed: a folder with something in it.
	held := filepath.Join(b.dir, ".reconciler", revisionFile(2))
	thing := filepath.Join(held, "thing")
	if err := errors.Join(os.Remove(held), os.Mkdir(held, 0o755), os.WriteFile(thing, nil, 0o644), s.Close()); err != nil {
		t.Fatal(err)
	}
	b.write(next)
	s = b.open()
	check := func(newest int64, more int) {
		t.Helper()
		all := s.Revisions()
		if len(all) != keptRevisions || all[0].Generation != newest || all[keptRevisions-1].Generation != newest-keptRevisions+1 {
			t.Errorf("%d listed, from %d to %d", len(all), all[0].Generation, all[len(all)-1].Generation)
		}
		files, err := os.ReadDir(filepath.Join(b.dir, ".reconciler", revisionsDir))
		if err != nil || len(files) != keptRevisions+more {
			t.Errorf("at %d: %d files, %v; want %d", newest, len(files), err, keptRevisions+more)
		}
	}
	check(keptRevisions+5, 1)
	for i, more := range []int{1, 0} {
		if _, _, err := s.Change(Flips(flip("web", []State{Stopped, Running}[i])), EditBy{}); err != nil {
			t.Fatal(err)
		}
		check(int64(keptRevisions+6+i), more)
		if err := os.RemoveAll(thing); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever becomes of the newest records, the older ones are there, and no
// number is given twice.
func TestADamagedTailIsToldAndLeftOut(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"cut off":        func(p string) error { return os.Truncate(p, 60) },
		"empty":          func(p string) error { return os.Truncate(p, 0) },
		"another's text": func(p string) error { return os.WriteFile(p, []byte(`{"schema":1,"generation":3,"state":"x"}`), 0o600) },
		"another number": func(p string) error {
			src, err := os.ReadFile(p)
			return errors.Join(err, os.WriteFile(p, []byte(strings.Replace(string(src), `"generation":3`, `"generation":2`, 1)), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, small)
			s := b.open()
			for _, to := range []State{Stopped, Running} {
				if _, _, err := s.Change(Flips(flip("web", to)), EditBy{}); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			newest := filepath.Join(b.dir, ".reconciler", revisionFile(3))
			if err := spoil(newest); err != nil {
				t.Fatal(err)
			}
			s = b.open()
			if w := s.Warnings(); len(w) != 1 || !strings.Contains(w[0], "damaged") {
				t.Errorf("warnings: %q", w)
			}
			// The file is what it was; that it was recorded nobody knows any more.
			if snap := s.Snapshot(); snap.Generation != 4 || state(t, snap, "web") != Running || snap.Problem != nil {
				t.Errorf("generation %d, problem %v", snap.Generation, snap.Problem)
			}
			if got := told(s); len(got) != 3 || !strings.HasPrefix(got[1], "2 state") {
				t.Errorf("kept: %q", got)
			}
			if _, _, err := s.Revision(3); !errors.Is(err, ErrUnknownRevision) {
				t.Errorf("the damaged one: %v, want ErrUnknownRevision", err)
			}
			if _, err := os.Stat(newest); err != nil {
				t.Errorf("it was taken away: %v", err)
			}
		})
	}
}

// The file was exchanged, and the process killed before the record was in place.
func TestAnEditCutOffBeforeItsRecordIsRecordedAsWhoseItWas(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	after := strings.Replace(small, "web: running", "web: stopped", 1)
	doc := mustParse(t, after)
	r := record{Revision: Revision{Generation: 2, Kind: KindState, Actor: "http:ann", Reason: "tea", Summary: "as it was", Digest: doc.Digest}, State: after}
	if _, err := s.data.Load().prepareRevision(r); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(swap(b.read(), []byte(after)), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = b.open()
	if snap := s.Snapshot(); snap.Generation != 2 || snap.Actor != "http:ann" || state(t, snap, "web") != Stopped {
		t.Errorf("generation %d by %s", snap.Generation, snap.Actor)
	}
	if got := told(s); len(got) != 2 || got[0] != "2 state http:ann (tea) as it was" {
		t.Errorf("kept: %q", got)
	}
}

// TestAnEditThatCantBeRecordedChangesNothing: what became of the folder of the
// records is found before the file is exchanged. One that is gone is made again.
func TestAnEditThatCantBeRecordedChangesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(folder string) error
		works bool
	}{
		"removed": {func(string) error { return nil }, true},
		"a file":  {func(folder string) error { return os.WriteFile(folder, nil, 0o600) }, false},
		"a FIFO":  {func(folder string) error { return syscall.Mkfifo(folder, 0o600) }, false},
		"a link":  {func(folder string) error { return os.Symlink(t.TempDir(), folder) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, small)
			s := b.open()
			folder := filepath.Join(b.dir, ".reconciler", revisionsDir)
			if err := errors.Join(os.RemoveAll(folder), c.spoil(folder)); err != nil {
				t.Fatal(err)
			}
			before := b.text()
			snap, changed, err := s.Change(Flips(flip("web", Stopped)), EditBy{Actor: "http:ann"})
			if c.works {
				if err != nil || !changed || snap.Actor != "http:ann" || len(s.Revisions()) != 2 {
					t.Errorf("an edit: %v, %v by %q, %d revisions; want it made, and recorded as ann's", changed, err, snap.Actor, len(s.Revisions()))
				}
				return
			}
			if err == nil || changed || b.text() != before || s.Snapshot().Generation != 1 {
				t.Errorf("an edit: %v, %v, generation %d, the file changed: %v; want none", changed, err, s.Snapshot().Generation, b.text() != before)
			}
			if !strings.Contains(err.Error(), folder) {
				t.Errorf("it says %q, and not what is wrong with %s", err, folder)
			}
		})
	}
}
