package desired

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// grant is one of a POSIX ACL, as the kernel keeps it.
type grant struct {
	tag, perm uint16
	id        uint32
}

// The tags of entries, and the ID of those that name nobody.
const (
	userObj, user, groupObj, group, mask, other = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20

	nobodys = ^uint32(0)
)

func acl(entries ...grant) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.perm)
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}

// annMayWrite is `chmod 644; setfacl -m u:1234:rw`: the mask, which the mode
// shows as the group's bits, is rw, and the group's own right is r.
var annMayWrite = acl(grant{userObj, 6, nobodys}, grant{user, 6, 1234}, grant{groupObj, 4, nobodys}, grant{mask, 6, nobodys}, grant{other, 4, nobodys})

func attribute(t *testing.T, path, name string, value []byte) {
	t.Helper()
	if err := unix.Setxattr(path, name, value, 0); err != nil {
		t.Skipf("this file system can't hold %s: %v", name, err)
	}
}

func rightsAt(t *testing.T, path string) rights {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, _, err := rightsOf(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can make this file for a test")
	}
}

// Whatever the file and its folder had, an edit leaves all of it, and nothing
// more; and so does the next edit.
func TestAnEditKeepsAllRightsOfTheFile(t *testing.T) {
	needRoot(t)
	chown := func(path string, uid, gid int) func(t *testing.T, b *bench) {
		return func(t *testing.T, b *bench) {
			if err := os.Chown(filepath.Join(b.dir, path), uid, gid); err != nil {
				t.Fatal(err)
			}
		}
	}
	chmod := func(path string, mode uint32) func(t *testing.T, b *bench) {
		return func(t *testing.T, b *bench) {
			if err := unix.Chmod(filepath.Join(b.dir, path), mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	set := func(path, name string, value []byte) func(t *testing.T, b *bench) {
		return func(t *testing.T, b *bench) { attribute(t, filepath.Join(b.dir, path), name, value) }
	}
	const file = "state.yaml"
	everybody := acl(grant{userObj, 7, nobodys}, grant{user, 7, 1234}, grant{groupObj, 7, nobodys}, grant{mask, 7, nobodys}, grant{other, 7, nobodys})
	capability := []byte{1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} // cap_net_bind_service=ep
	for name, steps := range map[string][]func(t *testing.T, b *bench){
		"an ACL":                                         {chmod(file, 0o644), set(file, aclAttribute, annMayWrite)},
		"an ACL that shuts somebody out":                 {set(file, aclAttribute, acl(grant{userObj, 6, nobodys}, grant{user, 0, 1234}, grant{groupObj, 4, nobodys}, grant{mask, 4, nobodys}, grant{other, 4, nobodys}))},
		"a folder with a default ACL":                    {chmod(file, 0o660), set("", "system.posix_acl_default", everybody)},
		"an ACL, in a folder with another":               {set(file, aclAttribute, annMayWrite), set("", "system.posix_acl_default", everybody)},
		"a setgid folder":                                {chown("", 0, 2345), chmod("", 0o2775), chmod(file, 0o664)},
		"another owner, and nothing for him":             {chown(file, 1234, 2345), chmod(file, 0o040)},
		"another owner with an ACL":                      {chown(file, 1234, 2345), set(file, aclAttribute, annMayWrite)},
		"the bits of setuid and setgid":                  {chmod(file, 0o6755)},
		"a mode that the umask would take":               {chmod(file, 0o666)},
		"read-only":                                      {chmod(file, 0o444), set(file, "user.note", []byte("mine"))},
		"attributes of a user, of root, and of security": {set(file, "user.note", []byte("mine\x00")), set(file, "user.empty", nil), set(file, "trusted.backup", []byte("7")), set(file, "security.test", []byte("label"))},
		"capabilities":                                   {chown(file, 1234, 2345), set(file, capabilityAttribute, capability)},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, small)
			for _, step := range steps {
				step(t, b)
			}
			want := rightsAt(t, b.file)
			s := b.open()
			for _, to := range []State{Stopped, Running} {
				if _, changed, err := s.Change(Flips(flip("web", to)), EditBy{}); err != nil || !changed {
					t.Fatalf("changed %v, %v", changed, err)
				}
				got := rightsAt(t, b.file)
				if diff := cmp.Diff(want, got, cmp.AllowUnexported(rights{})); diff != "" {
					t.Fatalf("-was +is:\n%s", diff)
				}
			}
		})
	}
}

// The rights that the new file has before it is the file, at each step of its
// making, are those of its owner alone.
func TestNobodyElseCanReadAnEditThatIsBeingWritten(t *testing.T) {
	needRoot(t)
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace, which stops at each system call, is not here: hack/deps.sh test installs it")
	}
	everybody := acl(grant{userObj, 7, nobodys}, grant{user, 7, 1235}, grant{groupObj, 7, nobodys}, grant{mask, 7, nobodys}, grant{other, 7, nobodys})
	seen := make(map[string]bool)
	for _, call := range []string{"write", "fchown", "fsetxattr", "fremovexattr", "fchmod", "fsync", "renameat2"} {
		for step, through := 1, 0; through < 2; step++ { // now and then one gets through before its time
			b := newBench(t, small)
			if err := errors.Join(unix.Chmod(b.file, 0o640), os.Chown(b.file, 1234, 2345), b.open().Close()); err != nil {
				t.Fatal(err)
			}
			attribute(t, b.file, "user.note", []byte("mine"))
			attribute(t, b.dir, "system.posix_acl_default", everybody)
			// Killed before each of them, what lies there is what others can open then.
			cmd := exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", call, step), os.Args[0])
			cmd.Env = append(os.Environ(), crashDir+"="+b.dir)
			if cmd.Run() == nil {
				through++
				continue
			}
			through = 0
			for _, temp := range b.leftovers() {
				r := rightsAt(t, temp)
				_, listed := r.attributes[aclAttribute]
				seen[fmt.Sprintf("%d:%d %04o ACL %v, %d attributes", r.uid, r.gid, r.mode, listed, len(r.attributes))] = true
				if whole := r.uid == 1234 && r.gid == 2345 && r.mode == 0o640 && !listed; r.mode&0o077 != 0 && !whole {
					t.Errorf("before %s %d it has mode %04o, user %d, group %d, ACL %v", call, step, r.mode, r.uid, r.gid, listed)
				}
			}
		}
	}
	if len(seen) < 3 {
		t.Errorf("only %v was seen: nothing was proven", seen)
	}
	t.Logf("seen: %v", seen)
}

// What can't be kept is no edit: the process may write the folder, and may not
// set what the file has.
func TestAnAttributeThatCannotBeKeptRefusesTheEdit(t *testing.T) {
	needRoot(t)
	b := newBench(t, small)
	attribute(t, b.file, "security.test", []byte("label"))
	if err := errors.Join(os.Chown(b.file, 1234, 1234), os.Chown(b.dir, 1234, 1234)); err != nil {
		t.Fatal(err)
	}
	said, err := editAs(t, b, 1234)
	if err == nil || !strings.Contains(said, "write "+b.file+": state_owner: its attribute security.test can't be kept") {
		t.Errorf("%v: %s", err, said)
	}
	if b.text() != small || len(b.leftovers()) > 0 {
		t.Errorf("the file is %q, left behind %v", b.text(), b.leftovers())
	}
}

// Somebody takes rights away between our reading them and our exchange.
func TestAChmodMeanwhileIsNotLost(t *testing.T) {
	b := newBench(t, small)
	was := b.read()
	ours, had, err := writeTemp(was, []byte("ours"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unix.Chmod(b.file, 0o600), exchange(ours.Target, b.file)); err != nil {
		t.Fatal(err)
	}
	if err := cameOut(ours.Target, was, &had); !errors.Is(err, errMoved) {
		t.Errorf("got %v, want errMoved", err)
	}
}

func TestWhatChattrForbidsIsNotDoneAndLeavesNothing(t *testing.T) {
	needRoot(t)
	for _, flag := range []struct{ path, flag, says string }{
		{"state.yaml", "i", "chattr -i"}, {"state.yaml", "a", "chattr -a"}, {"", "i", "chattr -i"}, {"", "a", "chattr -a"},
	} {
		t.Run(flag.path+" +"+flag.flag, func(t *testing.T) {
			b := newBench(t, small)
			s, err := Open(Options{File: b.file, DataDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			path := filepath.Join(b.dir, flag.path)
			if out, err := exec.Command("chattr", "+"+flag.flag, path).CombinedOutput(); err != nil {
				t.Skipf("chattr: %v: %s", err, out)
			}
			t.Cleanup(func() {
				if out, err := exec.Command("chattr", "-"+flag.flag, path).CombinedOutput(); err != nil {
					t.Errorf("chattr: %v: %s", err, out)
				}
			})
			_, _, err = s.Change(Flips(flip("web", Stopped)), EditBy{})
			if !errors.Is(err, ErrReadOnly) || !strings.Contains(err.Error(), flag.says) {
				t.Errorf("got %v, want ErrReadOnly with %q", err, flag.says)
			}
			entries, err := os.ReadDir(b.dir)
			if err != nil || len(entries) != 1 || b.text() != small {
				t.Errorf("the folder holds %v, %v", slices.Collect(func(yield func(string) bool) {
					for _, e := range entries {
						yield(e.Name())
					}
				}), err)
			}
		})
	}
}
