package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const refused = "# by hand\nversion: 1\nproject: p\nservices:\n  web: running # mine\n"

// refuses flips the service, and holds the answer to its status, type and
// words, and the file to what it was.
func (d *daemon) refuses(code int, kind, says string) {
	d.t.Helper()
	got, body := d.send("PUT", "/v1/services/web/state", `{"state":"stopped"}`)
	var problem struct{ Type, Detail string }
	if err := json.Unmarshal([]byte(body), &problem); err != nil || got != code || problem.Type != kind || !strings.Contains(problem.Detail, says) {
		d.t.Errorf("%d %s, want %d %s with %q", got, body, code, kind, says)
	}
	text, err := os.ReadFile(d.file)
	if err != nil || string(text) != refused {
		d.t.Errorf("the file is %q, %v", text, err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(d.file), ".state.yaml*"))
	if err != nil || len(left) > 0 {
		d.t.Errorf("left behind: %v, %v", left, err)
	}
}

// mounted mounts something over the folder for the time of the test.
func mounted(t *testing.T, dir, source, kind string, flags uintptr, data string) {
	t.Helper()
	if err := syscall.Mount(source, dir, kind, flags, data); err != nil {
		t.Skip("mounting takes root: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

func TestAFullDiskIs507AndTheFileIsWhatItWas(t *testing.T) {
	dir := t.TempDir()
	mounted(t, dir, "tmpfs", "tmpfs", 0, "size=64k")
	file := filepath.Join(dir, "state.yaml")
	if err := os.WriteFile(file, []byte(refused), 0o644); err != nil {
		t.Fatal(err)
	}
	d := run(t, "", file, "--engine", "sim", "--data-dir", t.TempDir())
	d.ready()
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o644); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	d.refuses(507, "no_space", "the file is as it was")
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if code, body := d.send("PUT", "/v1/services/web/state?wait=30s", `{"state":"stopped"}`); code != 200 {
		t.Errorf("with space again: %d %s", code, body)
	}
}

func TestAReadOnlyFileIs409WithWhatToDo(t *testing.T) {
	file := write(t, refused)
	d := run(t, "", file, "--engine", "sim", "--data-dir", t.TempDir())
	d.ready()
	mounted(t, filepath.Dir(file), filepath.Dir(file), "", syscall.MS_BIND, "")
	if err := syscall.Mount("", filepath.Dir(file), "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	d.refuses(409, "state_read_only", "edit it where it can be written")
}

// The program runs as somebody who may write the folder, but may not give the
// file back to whom it belongs.
func TestAFileOfAnotherOwnerIs409WithWhatToDo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else for a test")
	}
	file, data := write(t, refused), t.TempDir()
	for _, dir := range []string{filepath.Dir(file), data} {
		if err := errors.Join(os.Chown(dir, 1234, 1234), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	d := runAs(t, 1234, file, "--engine", "sim", "--data-dir", data)
	d.ready()
	d.refuses(409, "state_owner", "it belongs to user 0, group 0")
}

// runAs starts a reconciler that runs as that user, which may read the file.
func runAs(t *testing.T, user uint32, file string, more ...string) *daemon {
	t.Helper()
	program := filepath.Join(t.TempDir(), "reconciler")
	text, err := os.ReadFile(binary)
	if err = errors.Join(err, os.WriteFile(program, text, 0o755), os.Chmod(filepath.Dir(filepath.Dir(program)), 0o755), os.Chmod(filepath.Dir(program), 0o755)); err != nil {
		t.Fatal(err)
	}
	return start(t, freeAddress(t), file, func(args ...string) *exec.Cmd {
		cmd := exec.Command(program, args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
		return cmd
	}, more...)
}
