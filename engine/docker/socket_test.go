package docker

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reconciler/engine"
)

func TestWhyThereIsNoConnectionIsTold(t *testing.T) {
	t.Setenv("DOCKER_API_VERSION", "")
	dir := t.TempDir()
	left := filepath.Join(dir, "left.sock")
	l, err := net.Listen("unix", left)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	file := filepath.Join(dir, "file.sock")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.sock"): "no such file or directory",
		left:                            "connection refused",
		file:                            "connection refused",
	} {
		e, err := New(Options{Host: "unix://" + path})
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Info(t.Context())
		if !errors.Is(err, engine.ErrUnavailable) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v, want ErrUnavailable with %q", err, want)
		}
	}
}

func TestASocketThatIsMountedByItselfIsKnown(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	socket, link := filepath.Join(dir, "docker.sock"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(socket, nil, 0o600), os.Symlink(dir, link)); err != nil {
		t.Fatal(err)
	}
	table := filepath.Join(dir, "mountinfo")
	for point, want := range map[string]bool{socket: true, dir: false, socket + ".other": false} {
		line := "36 35 98:0 /run/docker.sock//deleted " + point + " rw,noatime master:1 - tmpfs tmpfs rw\n"
		if err := os.WriteFile(table, []byte("22 1 0:21 / / rw - ext4 root rw\n"+line), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := mounted(table, filepath.Join(link, "docker.sock")); got != want {
			t.Errorf("mounted at %s: %v", point, got)
		}
	}
}
