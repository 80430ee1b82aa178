package desired

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"reconciler/desired/settled"
)

func stat(t *testing.T, path string) (st unix.Stat_t) {
	t.Helper()
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st
}

// leftovers are the temporary files beside the file.
func (b *bench) leftovers() []string {
	b.t.Helper()
	found, err := filepath.Glob(filepath.Join(b.dir, tempPrefix("state.yaml")+"*"))
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

func (b *bench) read() settled.Reading {
	b.t.Helper()
	c, err := read(b.file)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func TestASwapGivesWayToWhoeverSavedMeanwhile(t *testing.T) {
	for name, save := range map[string]func(b *bench){
		"moved here":           func(b *bench) { b.move("theirs") },
		"in place":             func(b *bench) { b.write("theirs") },
		"the same text, moved": func(b *bench) { b.move(small) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, small)
			was := b.read()
			save(b)
			theirs := b.read()
			if err := swap(was, []byte("ours")); !errors.Is(err, errMoved) {
				t.Fatalf("got %v, want errMoved", err)
			}
			if now := b.read(); string(now.Bytes) != string(theirs.Bytes) || !now.ID.SameFile(theirs.ID) {
				t.Errorf("the file holds %q", now.Bytes)
			}
			if left := b.leftovers(); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestASwapGivesWayToAnEditorThatHasTheFileOpen(t *testing.T) {
	b := newBench(t, small)
	was := b.read()
	editor, err := os.OpenFile(b.file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := swap(was, []byte("ours")); !errors.Is(err, errMoved) {
		t.Fatalf("got %v, want errMoved", err)
	}
	if _, err := editor.WriteString("theirs!"); err != nil {
		t.Fatal(err)
	}
	if err := editor.Close(); err != nil {
		t.Fatal(err)
	}
	if got := b.text(); !strings.HasPrefix(got, "theirs!") {
		t.Errorf("the save is lost: %q", got)
	}
}

// Between our exchange and its undoing somebody saves again.
func TestTheLastSaveStands(t *testing.T) {
	b := newBench(t, small)
	ours, _, err := writeTemp(b.read(), []byte("ours"))
	if err != nil {
		t.Fatal(err)
	}
	b.move("first")
	if err := exchange(ours.Target, b.file); err != nil {
		t.Fatal(err)
	}
	b.move("second")
	if err := putBack(ours, b.file); err != nil {
		t.Fatal(err)
	}
	if got := b.text(); got != "second" {
		t.Errorf("got %q, want the second save", got)
	}
}

// smallDisk mounts one over the directory; fill fills it up, and returns what
// makes space again.
func smallDisk(t *testing.T, dir string) (fill func() (empty func())) {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("a small disk needs the right to mount: ", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	filler := filepath.Join(dir, "filler")
	return func() func() {
		t.Helper()
		if err := os.WriteFile(filler, make([]byte, 1<<20), 0o644); !errors.Is(err, unix.ENOSPC) {
			t.Fatalf("the disk is not full: %v", err)
		}
		return func() {
			t.Helper()
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAFullDiskLeavesTheOldFile(t *testing.T) {
	b := newBench(t, small)
	fill := smallDisk(t, b.dir)
	b.write(small)
	s, err := Open(Options{File: b.file, DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	empty := fill()
	if _, _, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); !errors.Is(err, ErrNoSpace) {
		t.Errorf("got %v, want ErrNoSpace", err)
	}
	if got := b.text(); got != small || len(b.leftovers()) > 0 || s.Snapshot().Generation != 1 {
		t.Errorf("the file is %q, left behind %v", got, b.leftovers())
	}
	empty()
	if _, changed, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); err != nil || !changed {
		t.Errorf("with space again: %v, %v", changed, err)
	}
}

func TestAReadOnlyDiskIsSaidSo(t *testing.T) {
	b := newBench(t, small)
	s, err := Open(Options{File: b.file, DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := errors.Join(unix.Mount(b.dir, b.dir, "", unix.MS_BIND, ""),
		unix.Mount("", b.dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")); err != nil {
		t.Skip("needs the right to mount: ", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(b.dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if _, _, err := s.Change(Flips(flip("web", Stopped)), EditBy{}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("got %v, want ErrReadOnly", err)
	}
}

func TestAFileThatIsAMountPointIsWarnedOfAndNotEdited(t *testing.T) {
	b := newBench(t, small)
	if err := unix.Mount(b.file, b.file, "", unix.MS_BIND, ""); err != nil {
		t.Skip("needs the right to mount: ", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(b.file, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := b.open()
	if w := s.Warnings(); len(w) != 1 || !strings.Contains(w[0], "mount its directory") {
		t.Errorf("warnings: %q", w)
	}
	_, _, err := s.Change(Flips(flip("web", Stopped)), EditBy{})
	if !errors.Is(err, ErrReadOnly) || !strings.Contains(fmt.Sprint(err), "mount point") || b.text() != small {
		t.Errorf("got %v, want ErrReadOnly", err)
	}
}
