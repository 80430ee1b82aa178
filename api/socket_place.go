package api

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A socket may have to stand in a folder that is another user's, who can put
// anything under any name there at any moment. So nothing is done by a name in
// it: the folder is held open, the socket is made in a room inside, which only
// our user can enter, and each change of a mode goes through a descriptor.

// room is a fresh folder in another one, for our user alone.
type room struct {
	outer *os.File
	inner *os.File
	name  string
}

// openAt opens what has that name in the folder, no link followed, to look at
// it and to name it by where; nothing can be read of it.
func openAt(folder *os.File, name string) (*os.File, error) {
	path := filepath.Join(folder.Name(), name)
	fd, err := unix.Openat(int(folder.Fd()), name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// openFolder opens a folder as openAt does; the path may lead there by links.
func openFolder(path string) (*os.File, error) {
	return os.OpenFile(path, unix.O_PATH|unix.O_DIRECTORY, 0)
}

// where is a path to the very file that is open, whatever has its name now.
func where(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// newRoom makes a room in the folder. leave removes it.
func newRoom(outer *os.File) (*room, error) {
	r := &room{outer: outer, name: ".reconciler-" + rand.Text()}
	if err := unix.Mkdirat(int(outer.Fd()), r.name, 0o700); err != nil {
		return nil, &fs.PathError{Op: "make a folder in", Path: outer.Name(), Err: err}
	}
	var err error
	if r.inner, err = openAt(outer, r.name); err == nil {
		err = claim(r.inner)
	}
	if err != nil {
		return nil, errors.Join(err, r.leave())
	}
	return r, nil
}

// claim fails unless it is a folder of our user that nobody else can enter. It
// gives back what the umask took from him; what the folder inherited, such as
// that its group goes over to what is made in it, stays.
func claim(f *os.File) error {
	var is unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &is); err != nil {
		return &fs.PathError{Op: "look at", Path: f.Name(), Err: err}
	}
	switch mode := is.Mode; {
	case mode&unix.S_IFMT != unix.S_IFDIR || int(is.Uid) != os.Geteuid() || mode&0o077 != 0:
		return fmt.Errorf("%s is not the folder that was just made there: somebody who may write %s replaced it", f.Name(), filepath.Dir(f.Name()))
	case mode&0o700 != 0o700:
		return unix.Chmod(where(f), mode&0o7777|0o700)
	}
	return nil
}

// leave removes the room, which must be empty.
func (r *room) leave() error {
	if r.inner != nil {
		_ = r.inner.Close() // nothing was written
	}
	if err := unix.Unlinkat(int(r.outer.Fd()), r.name, unix.AT_REMOVEDIR); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &fs.PathError{Op: "remove", Path: filepath.Join(r.outer.Name(), r.name), Err: err}
	}
	return nil
}

// bind makes a listening socket in the room, with its mode, and returns its
// file, open. Whatever mode the umask leaves at first, nobody else gets at it
// there.
func (r *room) bind(name string) (made, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(where(r.inner), name), Net: "unix"})
	if err != nil {
		return made{}, fmt.Errorf("%w (it is made by way of /proc, which must be mounted)", err)
	}
	l.SetUnlinkOnClose(false) // the name is another soon
	file, err := openAt(r.inner, name)
	if err == nil {
		if err = unix.Chmod(where(file), socketMode); err == nil {
			return made{UnixListener: l, file: file}, nil
		}
		_ = file.Close()
	}
	return made{}, errors.Join(fmt.Errorf("give it the mode %#o: %w", socketMode, err), l.Close(), r.drop(name))
}

// drop removes a file from the room.
func (r *room) drop(name string) error { return unix.Unlinkat(int(r.inner.Fd()), name, 0) }

// put moves what is in the room to the same name outside. What stands there
// stays, and is an fs.ErrExist; a link there is not followed.
func (r *room) put(name string) error {
	inner, outer := int(r.inner.Fd()), int(r.outer.Fd())
	err := unix.Renameat2(inner, name, outer, name, unix.RENAME_NOREPLACE)
	if err == nil {
		return nil
	}
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // a file system that can't: NFS, say
		err = unix.Linkat(inner, name, outer, name, 0)
	}
	if err != nil {
		err = &fs.PathError{Op: "make", Path: filepath.Join(r.outer.Name(), name), Err: err}
	}
	return errors.Join(err, r.drop(name))
}

// remove removes the name from the folder if it is that of the very file that
// is open; anything else is left there, or put back, and is an error.
func remove(outer *os.File, name string, file *os.File) error {
	r, err := newRoom(outer)
	if err != nil {
		return err
	}
	err = r.take(name, file)
	return errors.Join(err, r.leave())
}

// take moves the file from outside into the room, where nobody can exchange it
// between the look and the removal, and removes it there.
func (r *room) take(name string, file *os.File) error {
	inner, outer := int(r.inner.Fd()), int(r.outer.Fd())
	if err := unix.Renameat(outer, name, inner, name); err != nil {
		return &fs.PathError{Op: "remove", Path: filepath.Join(r.outer.Name(), name), Err: err}
	}
	got, err := openAt(r.inner, name)
	if err == nil {
		defer got.Close()
		if sameFile(got, file) {
			return r.drop(name)
		}
		err = errors.New("somebody else is putting something there")
	}
	if back := unix.Renameat2(inner, name, outer, name, unix.RENAME_NOREPLACE); back != nil {
		return fmt.Errorf("%w; what stood there is in %s now: %w", err, r.name, back)
	}
	return err
}

func sameFile(a, b *os.File) bool {
	x, xerr := a.Stat()
	y, yerr := b.Stat()
	return xerr == nil && yerr == nil && os.SameFile(x, y)
}

// clearStale takes away a socket where nobody listens. Whether somebody does is
// asked of the very file that is removed then.
func clearStale(outer *os.File, name string) error {
	found, err := openAt(outer, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer found.Close()
	info, err := found.Stat()
	switch {
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("something stands there that is no socket; it is left alone (move it away, or name another path)")
	}
	c, err := net.DialTimeout("unix", where(found), time.Second)
	if err == nil {
		return errors.Join(errors.New("somebody listens there (is reconciler running already?)"), c.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("it can't be told whether somebody listens there: %w", err)
	}
	return remove(outer, name, found)
}

// peril says who else can replace what is in the folder; empty: nobody but root.
func peril(folder *os.File) string {
	var is unix.Stat_t
	if err := unix.Fstat(int(folder.Fd()), &is); err != nil {
		return fmt.Sprintf("it can't be told who may write the folder: %v", err)
	}
	const sticky = unix.S_ISVTX
	switch mode := is.Mode; {
	case is.Uid != 0 && int(is.Uid) != os.Geteuid():
		return fmt.Sprintf("the folder belongs to user %d, who can put a socket of his own in its place and answer what is asked there; make it ours: chown %d %s",
			is.Uid, os.Geteuid(), folder.Name())
	case mode&0o022 != 0 && mode&sticky == 0:
		return fmt.Sprintf("the folder's mode %#o lets others than its owner put a socket of their own in its place and answer what is asked there; chmod go-w %s",
			mode&0o7777, folder.Name())
	}
	return ""
}
