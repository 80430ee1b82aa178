package desired

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAHandsEditComesFirst(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	b.move(small + "  cache: running # mine\n")
	b.now = b.now.Add(s.Look())
	snap, changed, err := s.Change(Flips(flip("web", Stopped)), EditBy{Actor: "http:ann", Reason: "tea"})
	if err != nil || !changed {
		t.Fatal(changed, err)
	}
	if snap.Generation != 3 || snap.Actor != "http:ann" || snap.Reason != "tea" {
		t.Errorf("generation %d by %s for %q", snap.Generation, snap.Actor, snap.Reason)
	}
	want := strings.Replace(small, "web: running", "web: stopped", 1) + "  cache: running # mine\n"
	if got := b.text(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestABatchIsDoneWholeOrNotAtAll(t *testing.T) {
	b := newBench(t, small+"  job: >-\n    completed\n")
	s := b.open()
	before := b.text()
	_, _, err := s.Change(Flips(flip("web", Stopped), flip("job", Stopped)), EditBy{})
	if !errors.Is(err, ErrShape) || b.text() != before || s.Snapshot().Generation != 1 {
		t.Errorf("%v, generation %d, %q", err, s.Snapshot().Generation, b.text())
	}
	snap, _, err := s.Change(Flips(flip("web", Stopped), flip("db", Running)), EditBy{})
	if err != nil || snap.Generation != 2 || state(t, snap, "web") != Stopped || state(t, snap, "db") != Running {
		t.Errorf("%v, generation %d, %q", err, snap.Generation, b.text())
	}
}

func TestReplaceMayChangeWhetherButNotWhat(t *testing.T) {
	const before = "version: 1\nproject: shop\nservices:\n  web: running\n  db: {state: running, container: shop-db}\n"
	for name, c := range map[string]struct {
		old, new string
		err      error
	}{
		"states":                         {"web: running", "web: stopped", nil},
		"another service":                {"  db", "  cache: running\n  db", nil},
		"one less":                       {"  web: running\n", "", nil},
		"settings":                       {"container: shop-db", "container: shop-db, settle: 1s", nil},
		"project":                        {"project: shop", "project: bank", ErrByFileOnly},
		"container_name":                 {"services:", "container_name: '{service}'\nservices:", ErrByFileOnly},
		"container":                      {"shop-db", "bank-db", ErrByFileOnly},
		"no container":                   {", container: shop-db", "", ErrByFileOnly},
		"compose_service":                {"web: running", "web: {state: running, compose_service: x}", ErrByFileOnly},
		"a new service with a container": {"  db", "  c: {state: running, container: vault}\n  db", ErrByFileOnly},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, before)
			s := b.open()
			after := strings.Replace(before, c.old, c.new, 1)
			snap, changed, err := s.Change(Replacement([]byte(after)), EditBy{Actor: "http:ann"})
			if !errors.Is(err, c.err) || changed != (c.err == nil) {
				t.Fatalf("changed %v, error %v, want %v", changed, err, c.err)
			}
			if c.err != nil {
				after = before
			}
			if b.text() != after || string(snap.Document.Source) != after {
				t.Errorf("the file is %q, in force %q", b.text(), snap.Document.Source)
			}
		})
	}
}

func TestReplaceOfAnotherFileThanTheOneThatWasReadIsStale(t *testing.T) {
	b := newBench(t, small)
	s := b.open()
	seen := s.Snapshot().Document.Digest
	after := []byte(strings.Replace(small, "web: running", "web: stopped", 1))
	if _, _, err := s.Change(Replacement(after), EditBy{IfMatch: digest([]byte("other"))}); !errors.Is(err, ErrStale) || b.text() != small {
		t.Errorf("got %v, want ErrStale", err)
	}
	if _, changed, err := s.Change(Replacement(after), EditBy{IfMatch: seen}); err != nil || !changed {
		t.Errorf("changed %v, %v", changed, err)
	}
	var bad *ParseError
	if _, _, err := s.Change(Replacement([]byte("version: 1\n")), EditBy{}); !errors.As(err, &bad) || b.text() != string(after) {
		t.Errorf("got %v, want a *ParseError", err)
	}
}

func TestAnEditKeepsLinkOwnerAndMode(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	b := newBench(t, small)
	elsewhere := filepath.Join(t.TempDir(), "real.yaml")
	err := errors.Join(os.Rename(b.file, elsewhere), os.Symlink(elsewhere, b.file), os.Chown(elsewhere, 1234, 4321), os.Chmod(elsewhere, 0o640))
	if err != nil {
		t.Skip("the temporary directories are on two file systems: ", err)
	}
	s := b.open()
	if _, _, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(b.file); err != nil || to != elsewhere {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	c, err := read(elsewhere)
	if err != nil || !strings.Contains(string(c.Bytes), "web: stopped") {
		t.Fatalf("%q, %v", c.Bytes, err)
	}
	st := stat(t, elsewhere)
	if st.Uid != 1234 || st.Gid != 4321 || st.Mode&0o7777 != 0o640 {
		t.Errorf("owner %d:%d, mode %o", st.Uid, st.Gid, st.Mode)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(elsewhere), ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
