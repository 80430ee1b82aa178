package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Row B5: the socket isn't there, isn't for us, nobody listens at it, or it is
// another. Each is told as what it is, and nobody has to restart reconciler.
func TestWhatIsWrongWithTheSocketIsToldAndMendsItself(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else for a test, and mount")
	}
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		s := staged(h, "")
		p := before(t, h.address)
		h.must(errors.Join(os.Chmod(filepath.Dir(p.socket), 0o755), os.Chmod(p.socket, 0o660)))
		nobody := uint32(65534)
		data := t.TempDir()
		h.must(errors.Join(os.Chown(data, int(nobody), int(nobody)), os.Chmod(filepath.Dir(data), 0o755), os.Chmod(filepath.Dir(s.file), 0o755)))
		s.d = runAs(t, nobody, s.file, "--docker-host", p.address, "--data-dir", data, "--resync", "1s")
		s.d.tells("permission denied", p.socket)
		h.must(os.Chmod(p.socket, 0o666))
		s.keeps()

		h.must(os.Rename(p.socket, p.socket+".away"))
		p.server.SetKeepAlivesEnabled(false)
		s.d.tells("no such file or directory", p.socket)
		h.must(os.Rename(p.socket+".away", p.socket))
		s.d.ready()

		p.hangUp()
		s.d.tells("connection refused", p.socket)
		p.listen(t)
		h.must(os.Chmod(p.socket, 0o666))
		s.over()
	})
}

// Row B5: where just the socket is mounted, it is dead once another is in its
// place (moby's socket without socket activation).
func TestASocketThatIsMountedByItselfIsToldToBeDead(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		s := staged(h, "")
		p := before(t, h.address)
		inside := filepath.Join(filepath.Dir(p.socket), "in.sock")
		h.must(os.WriteFile(inside, nil, 0o600))
		mounted(t, inside, p.socket, "", syscall.MS_BIND, "")
		s.keep("unix://" + inside)
		p.hangUp()
		p.listen(t)
		s.d.tells("connection refused", "mounted by itself", "mount its folder instead")
		h.must(syscall.Unmount(inside, syscall.MNT_DETACH))
		h.must(syscall.Mount(p.socket, inside, "", syscall.MS_BIND, ""))
		s.over()
	})
}
