package desired

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// crashDir tells this program, started once more by the test below, where to
// make one edit and end.
const crashDir = "RECONCILER_CRASH_DIR"

// fileSteps are the system calls of an edit that a crash may come before. strace
// counts the calls of each name, and of each thread, by themselves.
const fileSteps = "renameat2,openat,write,fsync,fchown,fchmod,fsetxattr,fremovexattr,renameat,unlinkat,mkdirat,flock,fcntl,close"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := editOnce(filepath.Join(dir, "state.yaml")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func editOnce(file string) error {
	s, err := Open(Options{File: file})
	if err != nil {
		return err
	}
	_, _, err = s.Change(Flips(flip("web", Stopped)), EditBy{Actor: "http:ann", Reason: "tea"})
	return errors.Join(err, s.Close())
}

// traced is this program as editOnce, under strace with those arguments.
func traced(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace, which kills or fails at a given system call, is not here: hack/deps.sh test installs it")
	}
	args = append([]string{"-f", "-qq", "-o", os.DevNull, "-e", "trace=renameat2," + fileSteps}, args...)
	cmd := exec.Command(strace, append(args, os.Args[0])...)
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	return cmd
}

// It kills the process with SIGKILL before each system call of opening and
// editing: before the first of each name, then the second, until it gets through.
// Now and then one gets through before its time: another thread made the call.
func TestKilledAtAnyFileStepTheFileIsOldOrNew(t *testing.T) {
	for name, args := range map[string][]string{
		"exchanged":                          nil,
		"on a file system without exchanges": {"-e", "inject=renameat2:error=EINVAL"},
	} {
		t.Run(name, func(t *testing.T) {
			const old = "# by hand\n" + small
			edited := strings.Replace(old, "web: running", "web: stopped", 1)
			outcomes := make(map[string]int) // of those that were killed
			for call := range strings.SplitSeq(fileSteps, ",") {
				if call == "renameat2" && args != nil {
					continue // it fails there
				}
				for step, through := 1, 0; through < 2; step++ {
					b := newBench(t, old)
					if err := b.open().Close(); err != nil { // revision 1, as before any edit
						t.Fatal(err)
					}
					kill := fmt.Sprintf("inject=%s:signal=KILL:when=%d", call, step)
					said, err := traced(t, b.dir, append([]string{"-e", kill}, args...)...).CombinedOutput()
					found := b.text()
					switch {
					case err == nil:
						through++
					case len(said) > 0:
						t.Fatalf("%s %d: it failed instead of being killed: %v: %s", call, step, err, said)
					default:
						through = 0
						outcomes[found]++
					}
					if found != old && found != edited {
						t.Fatalf("%s %d: the file is neither old nor new: %q", call, step, found)
					}
					b.afterCrash(fmt.Sprint(call, " ", step), found)
					if step > 1000 {
						t.Fatal("it never got through")
					}
				}
			}
			if outcomes[old] < 20 || outcomes[edited] < 4 {
				t.Errorf("the file was old %d times, new %d times: too few to prove anything", outcomes[old], outcomes[edited])
			}
			t.Logf("killed at %d steps: %d times the file was old, %d times new", outcomes[old]+outcomes[edited], outcomes[old], outcomes[edited])
		})
	}
}

// The process may write the folder, but may not give a file away.
func TestAFileOfAnotherOwnerIsLeftAloneAndSaidSo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else for a test")
	}
	b := newBench(t, small)
	if err := os.Chown(b.dir, 1234, 1234); err != nil {
		t.Fatal(err)
	}
	said, err := editAs(t, b, 1234)
	if err == nil || !strings.Contains(said, "write "+b.file+": state_owner: it belongs to user 0, group 0") || !strings.Contains(said, "or run as that user") {
		t.Errorf("%v: %s", err, said)
	}
	if b.text() != small || len(b.leftovers()) > 0 || stat(t, b.file).Uid != 0 {
		t.Errorf("the file is %q, left behind %v", b.text(), b.leftovers())
	}
}

// editAs makes an edit as that user, with this program.
func editAs(t *testing.T, b *bench, user uint32) (said string, err error) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "desired.test")
	src, err := os.ReadFile(os.Args[0])
	err = errors.Join(err, os.WriteFile(program, src, 0o755),
		os.Chmod(filepath.Dir(b.dir), 0o755), os.Chmod(filepath.Dir(program), 0o755), os.Chmod(filepath.Dir(filepath.Dir(program)), 0o755)) // or others can't get there
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), crashDir+"="+b.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// afterCrash starts again on what the crash left.
func (b *bench) afterCrash(step, found string) {
	b.t.Helper()
	s := b.open()
	snap := s.Snapshot()
	if string(snap.Document.Source) != found || snap.Problem != nil {
		b.t.Errorf("step %s: in force is %q, problem %v", step, snap.Document.Source, snap.Problem)
	}
	if len(s.Warnings()) > 0 || len(b.leftovers()) > 0 {
		b.t.Errorf("step %s: warnings %q, left behind %v", step, s.Warnings(), b.leftovers())
	}
	want := []string{"1 state file () 2 services listed"}
	if snap.Generation == 2 {
		want = append([]string{"2 state http:ann (tea) web: running -> stopped"}, want...)
	}
	if got := told(s); strings.Join(got, "\n") != strings.Join(want, "\n") {
		b.t.Errorf("step %s: revisions %q, want %q", step, got, want)
	}
	if (snap.Generation == 2) != strings.Contains(found, "stopped\n  db") {
		b.t.Errorf("step %s: generation %d for %q", step, snap.Generation, found)
	}
	if _, changed, err := s.Change(Flips(flip("db", Running)), EditBy{}); err != nil || !changed {
		b.t.Errorf("step %s: the next edit: %v", step, err)
	}
	if err := s.Close(); err != nil {
		b.t.Error(err)
	}
}
