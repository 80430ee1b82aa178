package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"
)

// socketMode lets the owner and the group of the socket in, and nobody else:
// to give it to a group is to give the role of the door to it.
const socketMode = 0o660

// socket is a listening unix socket that takes its own file away at the end,
// and nothing that stands there in its place by then.
type socket struct {
	net.Listener
	path string
	made os.FileInfo
}

// listenUnix listens at the path, in a folder that exists. A socket where
// nobody listens any more is replaced; anything else that stands there is an
// error. At no moment has the file a wider mode than socketMode.
func listenUnix(path string) (net.Listener, error) {
	if err := clearStale(path); err != nil {
		return nil, fmt.Errorf("listen on unix:%s: %w", path, err)
	}
	l, err := bind(path)
	if err != nil {
		return nil, fmt.Errorf("listen on unix:%s: %w (the folder must exist, and be ours to write)", path, err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // see Close
	made, err := os.Lstat(path)
	if err == nil {
		err = os.Chmod(path, socketMode) // back what the umask took
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen on unix:%s: %w", path, err), l.Close())
	}
	return &socket{l, path, made}, nil
}

// bind makes the socket. The kernel gives its file the mode that the socket has
// when it is bound, less the umask; so no umask is changed, which would be that
// of the whole process.
func bind(path string) (net.Listener, error) {
	conf := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var mode error
		err := c.Control(func(fd uintptr) { mode = syscall.Fchmod(int(fd), socketMode) })
		return errors.Join(err, mode)
	}}
	return conf.Listen(context.Background(), "unix", path)
}

// clearStale takes away a socket where nobody listens.
func clearStale(path string) error {
	found, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case found.Mode().Type() != fs.ModeSocket:
		return errors.New("something stands there that is no socket; it is left alone")
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		return errors.Join(errors.New("somebody listens there (is reconciler running already?)"), c.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("it can't be told whether somebody listens there: %w", err)
	}
	if now, err := os.Lstat(path); err != nil || !os.SameFile(found, now) {
		return errors.New("somebody else is putting a socket there")
	}
	return os.Remove(path)
}

// Close stops listening and takes the socket's file away.
func (s *socket) Close() error {
	err := s.Listener.Close()
	if now, serr := os.Lstat(s.path); err != nil || serr != nil || !os.SameFile(s.made, now) {
		return err
	}
	return os.Remove(s.path)
}
