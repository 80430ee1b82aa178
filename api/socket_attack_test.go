package api

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

const stranger = 65534

// asStranger runs f as another user until it returns, in a thread of its own
// that ends with it.
func asStranger(t *testing.T, f func()) *sync.WaitGroup {
	t.Helper()
	var ended sync.WaitGroup
	ended.Go(func() {
		runtime.LockOSThread() // and never unlocked: no other goroutine gets this thread
		for _, call := range []uintptr{syscall.SYS_SETRESGID, syscall.SYS_SETRESUID} {
			if _, _, no := syscall.RawSyscall(call, stranger, stranger, stranger); no != 0 {
				t.Errorf("become user %d: %v", stranger, no)
				return
			}
		}
		f()
	})
	return &ended
}

// treasure is a folder of our own with a file that others must not get at, and
// says whether it is untouched.
func treasure(t *testing.T) (file string, untouched func()) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "ours")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(folder, "secret")
	writeFile(t, file, "secret")
	return file, func() {
		t.Helper()
		info, err := os.Lstat(file)
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("the file: %v, %v", info.Mode(), err)
		}
		if outer, err := os.Lstat(folder); err != nil || outer.Mode() != fs.ModeDir|0o700 {
			t.Errorf("its folder: %v, %v", outer.Mode(), err)
		}
		if entries := names(t, folder); len(entries) != 1 {
			t.Errorf("beside the file there is now: %v", entries)
		}
	}
}

// TestWhoeverPlantsLinksWhereADoorOpensGetsNothing: the owner of the folder
// exchanges everything in it for links to a file of ours, as fast as he can,
// while the door opens and closes.
func TestWhoeverPlantsLinksWhereADoorOpensGetsNothing(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("it takes root to become another user")
	}
	for name, mode := range map[string]os.FileMode{"his folder": 0o755, "his folder, for all, sticky": 0o777 | os.ModeSticky} {
		t.Run(name, func(t *testing.T) {
			file, untouched := treasure(t)
			folder := t.TempDir()
			if err := errors.Join(os.Chown(folder, stranger, stranger), os.Chmod(folder, mode), os.Chmod(filepath.Dir(folder), 0o755)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(folder, "r.sock")
			var over atomic.Bool
			var rounds atomic.Int64
			planted := 0
			attack := asStranger(t, func() {
				link := filepath.Join(folder, "link")
				for ; !over.Load(); rounds.Add(1) {
					entries, _ := os.ReadDir(folder)
					for _, e := range append(entries, nil) {
						at, target := path, file
						if e != nil {
							at = filepath.Join(folder, e.Name())
						}
						if e != nil && e.IsDir() { // a folder is exchanged for one of ours
							target = filepath.Dir(file)
							_ = os.Rename(at, filepath.Join(folder, "away"))
						}
						_ = os.Symlink(target, link)
						if os.Rename(link, at) == nil {
							planted++
						}
					}
					_ = os.Remove(path)
					_ = os.Remove(filepath.Join(folder, "away"))
					if l, err := net.Listen("unix", path); err == nil { // one to be cleared away
						l.(*net.UnixListener).SetUnlinkOnClose(false)
						_ = l.Close()
					}
				}
			})
			opened := 0
			for range 200 {
				for before := rounds.Load(); rounds.Load() == before && !t.Failed(); {
					runtime.Gosched() // he is at it again
				}
				e, err := Listen(Door{Address: "unix:" + path, Grants: Flip})
				if err != nil {
					continue
				}
				opened++
				_ = e.Close() // whatever he did, nothing of ours is touched
			}
			over.Store(true)
			attack.Wait()
			untouched()
			t.Logf("200 starts, %d opened; %d links planted", opened, planted)
			if planted == 0 {
				t.Error("nothing was planted, so nothing is proven")
			}
		})
	}
}

// TestALinkThatIsPlantedInTheInstantIsNotFollowed does each exchange that the
// owner of the folder could make between two steps, at that very step.
func TestALinkThatIsPlantedInTheInstantIsNotFollowed(t *testing.T) {
	file, untouched := treasure(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "r.sock")
	outer, err := openFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer outer.Close()

	// A stale socket is exchanged between the look and the removal.
	abandoned(t, path)
	found, err := openAt(outer, "r.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("precious"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := remove(outer, "r.sock", found); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("what took the place of a stale socket is removed: %v", err)
	}
	if text, err := os.ReadFile(path); string(text) != "precious" {
		t.Errorf("it is not put back: %q, %v", text, err)
	}

	// A link is planted between the removal and the new socket.
	if err := errors.Join(os.Remove(path), os.Symlink(file, path)); err != nil {
		t.Fatal(err)
	}
	r, err := newRoom(outer)
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.bind("r.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer m.end()
	if err := r.put("r.sock"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the socket was put over a link: %v", err)
	}
	if err := r.leave(); err != nil {
		t.Error(err)
	}

	// The room is exchanged for a link to a folder of ours.
	r = &room{outer: outer, name: "room"}
	if err := os.Symlink(filepath.Dir(file), filepath.Join(folder, "room")); err != nil {
		t.Fatal(err)
	}
	inner, err := openAt(outer, "room")
	if err != nil {
		t.Fatal(err)
	}
	r.inner = inner
	if err := claim(inner); err == nil || !strings.Contains(err.Error(), "replaced it") {
		t.Errorf("a link was taken for the room: %v", err)
	}
	if err := r.leave(); err == nil {
		t.Error("a link was removed as if it were the room")
	}
	untouched()
}

// TestWhoElseCanReplaceTheSocketIsTold.
func TestWhoElseCanReplaceTheSocketIsTold(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("it takes root to give a folder to another user")
	}
	for _, c := range []struct {
		owner int
		mode  os.FileMode
		says  string // empty: nobody can
	}{
		{0, 0o700, ""},
		{0, 0o750 | os.ModeSetgid, ""},
		{0, 0o777 | os.ModeSticky, ""},
		{0, 0o777, "chmod go-w"},
		{0, 0o770, "chmod go-w"},
		{stranger, 0o700, "belongs to user 65534"},
		{stranger, 0o777 | os.ModeSticky, "belongs to user 65534"},
	} {
		folder := t.TempDir()
		if err := errors.Join(os.Chown(folder, c.owner, -1), os.Chmod(folder, c.mode)); err != nil {
			t.Fatal(err)
		}
		e := listenAt(t, filepath.Join(folder, "r.sock"))
		var told []string
		e.begin(func(text string) { told = append(told, text) })
		if len(told) > 1 || (len(told) == 1) != (c.says != "") || len(told) == 1 && (!strings.Contains(told[0], c.says) || !strings.Contains(told[0], folder)) {
			t.Errorf("%d, %v: %q; it doesn't say %q", c.owner, c.mode, told, c.says)
		}
	}
}
