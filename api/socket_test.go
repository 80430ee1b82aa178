package api

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// listenAt opens a door at a socket, which is closed with the test.
func listenAt(t *testing.T, path string) *Entrance {
	t.Helper()
	e, err := Listen(Door{Address: "unix:" + path, Grants: Flip})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() }) // twice is no harm
	return e
}

// abandoned leaves a socket behind where nobody listens.
func abandoned(t *testing.T, path string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestASocketIsNeverForMore, not even in the instant in which it is made:
// before it has its mode it is where nobody else can enter.
func TestASocketIsNeverForMore(t *testing.T) {
	outer, err := openFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer outer.Close()
	before := syscall.Umask(0)
	defer syscall.Umask(before)
	r, err := newRoom(outer)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := r.inner.Stat(); err != nil || info.Mode() != fs.ModeDir|0o700 {
		t.Errorf("the room: %v, %v", info.Mode(), err)
	}
	m, err := r.bind("r.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer m.end()
	if info, err := m.file.Stat(); err != nil || info.Mode() != fs.ModeSocket|0o660 {
		t.Errorf("the socket, before it is put outside: %v, %v", info.Mode(), err)
	}
}

// TestASocketIsForOwnerAndGroup whatever the umask is.
func TestASocketIsForOwnerAndGroup(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077, 0o777} {
		path := filepath.Join(t.TempDir(), "r.sock")
		before := syscall.Umask(umask)
		e, err := Listen(Door{Address: "unix:" + path, Grants: Flip})
		syscall.Umask(before)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode() != fs.ModeSocket|0o660 {
			t.Errorf("umask %#o: %v, %v", umask, info.Mode(), err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("it is still there at the end: %v", err)
		}
	}
}

func TestAnAbandonedSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.sock")
	abandoned(t, path)
	listenAt(t, path)
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

// TestWhatIsNotOursIsLeftAlone: a socket where somebody listens, and whatever
// else stands there.
func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	folder := t.TempDir()
	place := func(name string, create func(path string) error) string {
		path := filepath.Join(folder, name)
		if err := create(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first := filepath.Join(folder, "live")
	listenAt(t, first)
	other := filepath.Join(folder, "datagrams")
	d, err := net.ListenPacket("unixgram", other)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	stale := filepath.Join(folder, "stale")
	abandoned(t, stale)
	for _, c := range []struct{ path, says string }{
		{first, "somebody listens"},
		{other, "can't be told"},
		{place("file", func(p string) error { return os.WriteFile(p, nil, 0o600) }), "no socket"},
		{place("dir", func(p string) error { return os.Mkdir(p, 0o700) }), "no socket"},
		{place("pipe", func(p string) error { return syscall.Mkfifo(p, 0o600) }), "no socket"},
		{place("link", func(p string) error { return os.Symlink(stale, p) }), "no socket"},
		{filepath.Join(folder, "nothing", "r.sock"), "folder must exist"},
	} {
		before, _ := os.Lstat(c.path)
		e, err := Listen(Door{Address: "unix:" + c.path, Grants: Flip})
		if err == nil {
			_ = e.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: %v; it doesn't say %q", c.path, err, c.says)
		}
		if after, _ := os.Lstat(c.path); (before == nil) != (after == nil) || before != nil && !os.SameFile(before, after) {
			t.Errorf("%s was touched", c.path)
		}
	}
	if _, err := net.Dial("unix", first); err != nil {
		t.Errorf("the first listens no more: %v", err)
	}
}

// TestAtTheEndAnotherSocketInItsPlaceStays, put there meanwhile by another.
func TestAtTheEndAnotherSocketInItsPlaceStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.sock")
	e := listenAt(t, path)
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	other := listenAt(t, path)
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("unix", path); err != nil {
		t.Errorf("the other socket is gone: %v", err)
	} else {
		_ = c.Close()
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
}

// TestTheSocketIsServedAndTakenAway at the end of serving.
func TestTheSocketIsServedAndTakenAway(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "r.sock")
	e := listenAt(t, path)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, New(w.options), e) }()
	for sent, want := range map[string]int{
		"POST /v1/services/web/stop HTTP/1.1\r\nHost: any.example\r\nContent-Length: 0\r\n\r\n": 202,
		"PUT /v1/state HTTP/1.1\r\nHost: any.example\r\nContent-Length: 0\r\n\r\n":              403,
		"GET /v1/state HTTP/1.1\r\n\r\n": 400,
	} {
		if got := converse(t, "unix", path, sent); len(got) != 1 || got[0] != want {
			t.Errorf("%q is answered with %v, not %d", sent, got, want)
		}
	}
	if w.state.by.Actor != "http:socket" {
		t.Errorf("the actor is %q", w.state.by.Actor)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("it is still there at the end: %v", err)
	}
}
