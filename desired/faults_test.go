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
	must := []string{"write", "fsync", "fchown", "fchmod", "fsetxattr", "renameat2", "renameat"}
	may := []string{"flistxattr", "fgetxattr", "unlinkat", "mkdirat", "statx"}
	log := filepath.Join(t.TempDir(), "calls")
	failed := make(map[string]int)
	for _, call := range slices.Concat(must, may) {
		for step, hit := 1, true; hit; step++ {
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
			var ours bool // of the file, or of what is recorded
			hit = false
			for line := range strings.Lines(string(calls)) {
				if strings.HasSuffix(line, "(INJECTED)\n") {
					hit, ours = true, ours || strings.Contains(line, b.dir)
				}
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
			case err != nil && !hit:
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
		if failed[call] == 0 {
			t.Errorf("no %s failed: nothing was proven", call)
		}
	}
	t.Logf("failed: %v", failed)
}
