package desired

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Each system call of opening and editing fails once, as on a disk that breaks:
// the file is old or new whatever happens, an edit that is answered was made,
// and of what makes it durable, or keeps its rights, no failure is passed over.
func TestNoFailureOfTheDiskIsLost(t *testing.T) {
	needRoot(t)
	const old = "# by hand\n" + small
	edited := strings.Replace(old, "web: running", "web: stopped", 1)
	must := []string{"write", "fsync", "fchown", "fchmod", "fsetxattr", "renameat2", "renameat", "unlinkat"}
	may := []string{"flistxattr", "fgetxattr", "mkdirat", "statx"}
	log := filepath.Join(t.TempDir(), "calls")
	failed := make(map[string]int)
	for _, call := range slices.Concat(must, may) {
		for step, missed := 1, 0; missed < 2; step++ { // now and then another thread makes the call
			b := newBench(t, old)
			if err := errors.Join(b.open().Close(), os.Chown(b.file, 1234, 2345)); err != nil {
				t.Fatal(err)
			}
			attribute(t, b.file, "user.note", []byte("mine"))
			rights := rightsAt(t, b.file)
			at := fmt.Sprint(call, " ", step)
			inject := fmt.Sprintf("inject=%s:error=EIO:when=%d", call, step)
			cmd := traced(t, b.dir, "-y", "-o", log, "-e", "signal=none", "-e", "trace="+call, "-e", inject)
			cmd.Env = append(cmd.Env, "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1") // fewer threads, each of which counts its own calls
			said, err := cmd.CombinedOutput()
			calls, readErr := os.ReadFile(log)
			if readErr != nil {
				t.Fatal(readErr)
			}
			which := b.dir // of the file, or of what is recorded
			if call == "unlinkat" {
				which = filepath.Join(b.dir, tempPrefix("state.yaml")) // others may not be there
			}
			ours := injected(calls, which)
			if missed++; injected(calls, "") {
				missed = 0
			}
			found := b.text()
			switch {
			case found != old && found != edited:
				t.Fatalf("%s: the file is neither old nor new: %q", at, found)
			case err != nil && len(said) == 0 && call != "write": // it may be that of its words
				t.Errorf("%s: it failed, and said nothing: %v", at, err)
			case err == nil && found != edited:
				t.Errorf("%s: it is said to be done, and the file is %q", at, found)
			case err == nil && ours && slices.Contains(must, call):
				t.Errorf("%s: its failure is passed over:\n%s", at, calls)
			case !rightsAt(t, b.file).equal(rights):
				t.Errorf("%s: the file's %s are lost", at, rights.differs(rightsAt(t, b.file)))
			case err != nil && missed > 0:
				t.Errorf("%s: it failed by itself: %v: %s", at, err, said)
			}
			b.afterCrash(at, found)
			if ours {
				failed[call]++
			}
			if step > 1000 {
				t.Fatal("it never got through")
			}
		}
	}
	for _, call := range must {
		if failed[call] == 0 && call != "unlinkat" { // whose last step may be any thread's
			t.Errorf("no %s failed: nothing was proven", call)
		}
	}
	t.Logf("failed: %v", failed)
}

// injected reports whether a call that names that failed by our doing.
func injected(calls []byte, name string) bool {
	for line := range strings.Lines(string(calls)) {
		if strings.HasSuffix(line, "(INJECTED)\n") && strings.Contains(line, name) {
			return true
		}
	}
	return false
}

// What a kind of file system, or an old kernel, can't do at all.
func TestOnALesserFileSystemAnEditIsWholeOrRefused(t *testing.T) {
	needRoot(t)
	for name, c := range map[string]struct{ inject, says string }{
		"no exchanges":                  {"renameat2:error=EINVAL", ""},
		"a kernel without exchanges":    {"renameat2:error=ENOSYS", ""},
		"exchanges forbidden":           {"renameat2:error=EPERM", "state_read_only"},
		"no attributes":                 {"flistxattr:error=EOPNOTSUPP", ""},
		"a kernel without attributes":   {"flistxattr:error=ENOSYS", ""},
		"attributes that nobody lists":  {"flistxattr:error=EIO", "list the attributes of"},
		"attributes that nobody reads":  {"fgetxattr:error=EIO", "read the attribute user.note of"},
		"attributes that go meanwhile":  {"fgetxattr:error=ENODATA", ""},
		"a kernel without inode flags":  {"statx:error=ENOSYS", ""},
		"owners that nobody can change": {"fchown:error=EPERM", "state_owner"},
		"modes that nobody can change":  {"fchmod:error=EPERM", "state_owner"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, small)
			if err := errors.Join(b.open().Close(), os.Chown(b.file, 1234, 2345)); err != nil {
				t.Fatal(err)
			}
			attribute(t, b.file, "user.note", []byte("mine"))
			call, _, _ := strings.Cut(c.inject, ":")
			said, err := traced(t, b.dir, "-e", "trace="+call, "-e", "inject="+c.inject).CombinedOutput()
			want := small
			if c.says == "" {
				want = strings.Replace(small, "web: running", "web: stopped", 1)
			}
			if (err == nil) != (c.says == "") || !strings.Contains(string(said), c.says) || b.text() != want || len(b.leftovers()) > 0 {
				t.Errorf("%v: %s: the file is %q, left behind %v", err, said, b.text(), b.leftovers())
			}
		})
	}
}
