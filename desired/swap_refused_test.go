package desired

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
)

func TestWhyAFileIsNotWrittenIsToldWithWhatToDo(t *testing.T) {
	for why, c := range map[error]struct {
		is   error // nil: none of ours
		says string
	}{
		syscall.ENOSPC:                        {ErrNoSpace, "; the file is as it was"},
		syscall.EDQUOT:                        {ErrNoSpace, "; the file is as it was"},
		syscall.EROFS:                         {ErrReadOnly, "; edit it where it can be written"},
		syscall.EACCES:                        {ErrReadOnly, "; edit it where it can be written"},
		syscall.EPERM:                         {ErrReadOnly, "; edit it where it can be written"},
		syscall.ENOTDIR:                       {ErrReadOnly, "; edit it where it can be written"},
		syscall.EBUSY:                         {ErrReadOnly, "mount its directory instead"},
		syscall.EIO:                           {nil, "input/output error"},
		errNotKept("its mode", syscall.EPERM): {ErrOwner, "or as root"},
	} {
		err := refusal("/srv/state.yaml", fmt.Errorf("write: %w", why))
		if !strings.HasPrefix(err.Error(), "write /srv/state.yaml: ") || !strings.HasSuffix(err.Error(), c.says) {
			t.Errorf("%v: %q", why, err)
		}
		for _, ours := range []error{ErrNoSpace, ErrReadOnly, ErrOwner} {
			if errors.Is(err, ours) != (ours == c.is) {
				t.Errorf("%v is %v: %t", why, ours, !errors.Is(err, ours))
			}
		}
	}
}

func TestAFileThatIsGoneIsNotMadeAnew(t *testing.T) {
	b := newBench(t, small)
	was := b.read()
	if err := os.Remove(b.file); err != nil {
		t.Fatal(err)
	}
	if _, _, err := writeTemp(was, []byte("ours")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("written beside it: %v", err)
	}
	if err := swap(was, []byte("ours")); !errors.Is(err, errMoved) {
		t.Errorf("swapped: %v", err)
	}
	if err := cameOut(b.file, was, nil); !errors.Is(err, errMoved) {
		t.Errorf("it came out: %v", err)
	}
	if writing(b.file) {
		t.Error("somebody writes it")
	}
	if entries, err := os.ReadDir(b.dir); err != nil || len(entries) > 0 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestBesideAnotherFileNothingIsWritten(t *testing.T) {
	b := newBench(t, small)
	was := b.read()
	b.move(small)
	if _, _, err := writeTemp(was, []byte("ours")); !errors.Is(err, errMoved) || len(b.leftovers()) > 0 {
		t.Errorf("%v, left behind %v", err, b.leftovers())
	}
	if err := cameOut(b.file, was, nil); !errors.Is(err, errMoved) {
		t.Errorf("it came out: %v", err)
	}
}

func TestWhatCannotBePutBackIsTold(t *testing.T) {
	b := newBench(t, small)
	ours, _, err := writeTemp(b.read(), []byte("ours"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(b.file); err != nil {
		t.Fatal(err)
	}
	if err := putBack(ours, b.file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("put back: %v", err)
	}
}

func TestAFolderThatCannotBeSyncedIsNamed(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	if err := syncDir(gone); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "sync "+gone) {
		t.Errorf("got %v", err)
	}
}

// Files that are left open are closed when memory is collected, which may be
// much later; until then a lease is held, and a disk can't be unmounted.
func TestAnEditLeavesNoFileOpen(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	b := newBench(t, small)
	s := b.open()
	open := func() int {
		t.Helper()
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("no /proc: ", err)
		}
		return len(entries)
	}
	flip := func(to State) {
		t.Helper()
		if _, changed, err := s.Change(Flips(flip("web", to)), EditBy{}); err != nil || !changed {
			t.Fatal(changed, err)
		}
		if _, _, err := s.Revision(s.Snapshot().Generation); err != nil {
			t.Fatal(err)
		}
	}
	flip(Stopped)
	before := open()
	for range 5 {
		flip(Running)
		flip(Stopped)
	}
	if after := open(); after > before {
		t.Errorf("%d files were open, and %d are after ten edits", before, after)
	}
}
