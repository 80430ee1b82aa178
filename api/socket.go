package api

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// socketMode lets the owner and the group of the socket in, and nobody else:
// to give it to a group is to give the role of the door to it.
const socketMode = 0o660

const (
	maxSocketPath = 107             // bytes that a client can name (unix(7))
	lookEvery     = time.Second     // at whether the socket is still there
	maxTellings   = 5               // of that, within tellingWindow
	tellingWindow = 1 * time.Minute // so that who removes it all the time fills no log
)

// socket is a listening unix socket. While it accepts it looks whether its file
// is still there, and makes it again. It takes the file away at the end, and
// nothing that stands there in its place by then.
type socket struct {
	path string
	warn func(string) // set before it accepts; must return at once

	mu     sync.Mutex // held for no I/O
	now    made
	closed bool
	why    string // why nobody comes in by the path; empty: the socket is there

	// Of the one goroutine that accepts.
	looked, counted time.Time
	told            int
}

// made is a listener and its file, which is open so that no other file gets its
// inode's number.
type made struct {
	*net.UnixListener
	file   *os.File
	folder os.FileInfo // that it is in; nil: not known
}

// stale is what to do where the socket's folder isn't the one that it was.
const stale = "restart the containers that have it mounted: they see the old one until then"

// listenUnix listens at the path, in a folder that exists. A socket where
// nobody listens any more is replaced; anything else that stands there is an
// error. Whatever others do in the folder meanwhile, nothing but the own socket
// is changed. The warning says who else could replace it; empty: nobody.
func listenUnix(path string) (s *socket, warning string, err error) {
	folder, err := openFolder(filepath.Dir(path))
	if err != nil {
		return nil, "", fmt.Errorf("listen on unix:%s: %w (the folder must exist, and be ours to write)", path, err)
	}
	defer folder.Close()
	m, err := makeSocket(folder, path)
	if err != nil {
		return nil, "", err
	}
	if warning = peril(folder); warning != "" {
		warning = fmt.Sprintf("unix:%s: %s", path, warning)
	}
	return &socket{path: path, now: m, warn: func(string) {}}, warning, nil
}

// makeSocket makes the socket of that path, in its folder.
func makeSocket(folder *os.File, path string) (m made, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("listen on unix:%s: %w", path, err)
		}
	}()
	if len(path) > maxSocketPath {
		return m, fmt.Errorf("the path has %d bytes, and no client can name more than %d", len(path), maxSocketPath)
	}
	name := filepath.Base(path)
	if err := clearStale(folder, name); err != nil {
		return m, err
	}
	r, err := newRoom(folder)
	if err != nil {
		return m, fmt.Errorf("%w (the folder must be ours to write)", err)
	}
	if m, err = r.bind(name); err == nil {
		if err = r.put(name); err != nil {
			m.end()
		}
		m.folder, _ = folder.Stat() // not knowing it costs a hint
	}
	return m, errors.Join(err, r.leave())
}

func (m made) end() { _ = errors.Join(m.Close(), m.file.Close()) } // nothing is lost by it

// Accept waits for who connects, at this socket or at one that was made again.
func (s *socket) Accept() (net.Conn, error) {
	for {
		if time.Since(s.looked) >= lookEvery {
			s.look()
		}
		l, _, _ := s.state()
		if err := l.SetDeadline(time.Now().Add(lookEvery)); err != nil {
			return nil, err
		}
		c, err := l.Accept()
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return c, err
		}
	}
}

// look makes the socket again if another file has its name, or none.
func (s *socket) look() {
	s.looked = time.Now()
	m, closed, was := s.state()
	if closed {
		return
	}
	if s.there(m) {
		s.set("")
		if was != "" {
			s.say(fmt.Sprintf("unix:%s is there again, and lets in", s.path))
		}
		return
	}
	err := s.renew()
	why := ""
	if err != nil {
		why = err.Error()
	}
	s.set(why) // before it is told
	switch {
	case errors.Is(err, net.ErrClosed):
	case err != nil && was != why:
		s.say(fmt.Sprintf("the socket is gone or replaced, and could not be made again, so nobody comes in by it: %v; it is tried again each second", err))
	case err == nil:
		text := fmt.Sprintf("unix:%s was removed or replaced by somebody; it was made again", s.path)
		if now, _, _ := s.state(); m.folder != nil && now.folder != nil && !os.SameFile(m.folder, now.folder) {
			text += ", in another folder than before: " + stale
		}
		s.say(text)
	}
}

// there reports whether the path still leads to the own socket.
func (s *socket) there(m made) bool {
	now, err := os.Lstat(s.path)
	if err != nil {
		return false
	}
	own, err := m.file.Stat()
	return err == nil && os.SameFile(own, now)
}

func (s *socket) state() (m made, closed bool, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now, s.closed, s.why
}

// renew makes the socket again, in the folder that its path leads to now.
func (s *socket) renew() error {
	folder, err := openFolder(filepath.Dir(s.path))
	if err != nil {
		hint := "the folder must be there, and be ours to write"
		if errors.Is(err, fs.ErrNotExist) {
			hint = "put the folder there again; " + stale
		}
		return fmt.Errorf("listen on unix:%s: %w (%s)", s.path, err, hint)
	}
	defer folder.Close()
	m, err := makeSocket(folder, s.path)
	if err != nil {
		return err
	}
	s.mu.Lock()
	old, closed := s.now, s.closed
	if !closed {
		s.now = m
	}
	s.mu.Unlock()
	if closed {
		err := remove(folder, filepath.Base(s.path), m.file)
		m.end()
		return errors.Join(net.ErrClosed, err)
	}
	old.end() // who had connected already is still served
	return nil
}

// say warns, but not without end.
func (s *socket) say(text string) {
	if now := time.Now(); now.Sub(s.counted) >= tellingWindow {
		s.counted, s.told = now, 0
	}
	if s.told++; s.told <= maxTellings {
		s.warn(text)
	}
}

func (s *socket) set(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.why = why
}

// trouble returns why nobody comes in by the path; empty: the socket is there.
func (s *socket) trouble() string {
	_, _, why := s.state()
	return why
}

// Addr is the path at which clients find it.
func (s *socket) Addr() net.Addr { return &net.UnixAddr{Name: s.path, Net: "unix"} }

// Close stops listening and takes the socket's file away.
func (s *socket) Close() error {
	s.mu.Lock()
	l, again := s.now, s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		return net.ErrClosed
	}
	var err error
	if s.there(l) {
		if folder, ferr := openFolder(filepath.Dir(s.path)); ferr == nil {
			err = remove(folder, filepath.Base(s.path), l.file)
			_ = folder.Close() // nothing was written
		}
	}
	return errors.Join(err, l.Close(), l.file.Close())
}
