package desired

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// errMoved: somebody else wrote the file between our reading and our writing;
// theirs is in place.
var errMoved = errors.New("the file changed meanwhile")

// swap replaces the file that was read by one with the new bytes, atomically
// and durably, with the owner and mode of the old one. What came out of the
// exchange must be what was read: else it is put back, and the error is
// errMoved, so that no editor's save is lost. Other errors: ErrReadOnly,
// ErrOwner, ErrNoSpace; after all of them the old file is intact.
func swap(was content, src []byte) error {
	ours, err := writeTemp(was, src)
	if errors.Is(err, fs.ErrNotExist) {
		return errMoved
	}
	if err != nil {
		return refusal(was.target, err)
	}
	temp := ours.target
	err = exchange(temp, was.target)
	switch {
	case err == nil:
		if cameOut(temp, was) != nil {
			if err := putBack(ours, was.target); err != nil {
				return fmt.Errorf("put back what was saved meanwhile, now in %s: %w", temp, err)
			}
			err = errMoved
		}
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOSYS): // this file system can't exchange
		if err = cameOut(was.target, was); err == nil {
			err = os.Rename(temp, was.target)
		}
	}
	if rerr := os.Remove(temp); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	switch {
	case errors.Is(err, errMoved), errors.Is(err, fs.ErrNotExist):
		return errMoved
	case err != nil:
		return refusal(was.target, err)
	}
	return syncDir(filepath.Dir(was.target))
}

func exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// putBack undoes an exchange that brought out somebody's save. Whoever saves
// in between has the last word, so it goes on until it takes out what it put
// in last; what is in the temporary file then nobody misses.
func putBack(ours content, target string) error {
	put := ours
	for range maxTries {
		theirs, _ := read(ours.target) // a directory, say, goes back all the same
		if err := exchange(ours.target, target); err != nil {
			return err
		}
		if cameOut(ours.target, put) == nil {
			return nil
		}
		put = theirs
	}
	return errMoved
}

// cameOut returns errMoved unless the file at path is what was read, and nobody
// is about to write to it.
func cameOut(path string, was content) error {
	if writing(path) {
		return errMoved
	}
	now, err := read(path)
	if err != nil || !now.id.sameFile(was.id) || !bytes.Equal(now.src, was.src) {
		return errMoved
	}
	return nil
}

// writing reports whether somebody has the file open for writing: an editor
// that writes in place would go on writing to a file that has no name any
// more. The kernel grants a read lease only where there is no writer; where it
// grants none at all, nothing is known, and the answer is no.
func writing(path string) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return false
	}
	defer f.Close() // ends the lease, too
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	return errors.Is(err, unix.EAGAIN)
}

// writeTemp writes the bytes beside the file, durably, with its owner and mode.
func writeTemp(was content, src []byte) (ours content, err error) {
	var st unix.Stat_t
	if err := unix.Stat(was.target, &st); err != nil {
		return content{}, err
	}
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return content{}, err
	}
	dir, base := filepath.Split(was.target)
	path := filepath.Join(dir, tempPrefix(base)+hex.EncodeToString(random[:]))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return content{}, err
	}
	err = fill(f, src, st)
	var own unix.Stat_t
	err = errors.Join(err, unix.Fstat(int(f.Fd()), &own), f.Close())
	if err != nil {
		return content{}, errors.Join(err, os.Remove(path))
	}
	return content{src, path, identity(own)}, nil
}

// fill gives the new file the owner and mode of the old one, and the bytes.
func fill(f *os.File, src []byte, old unix.Stat_t) error {
	if int(old.Uid) != os.Geteuid() || int(old.Gid) != os.Getegid() {
		if err := f.Chown(int(old.Uid), int(old.Gid)); err != nil {
			return fmt.Errorf("%w: it belongs to user %d, group %d, which can't be kept (%w); write by hand, or run as that user", ErrOwner, old.Uid, old.Gid, err)
		}
	}
	if err := f.Chmod(os.FileMode(old.Mode & 0o777)); err != nil {
		return err
	}
	if _, err := f.Write(src); err != nil {
		return err
	}
	return f.Sync()
}

// tempPrefix begins the names of our temporary files beside the file.
func tempPrefix(base string) string { return "." + base + ".reconciler-" }

// refusal wraps why the file could not be written.
func refusal(path string, err error) error {
	switch {
	case errors.Is(err, ErrOwner):
		return fmt.Errorf("write %s: %w", path, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("write %s: %w: %w; the file is as it was", path, ErrNoSpace, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return fmt.Errorf("write %s: %w: %w; edit it where it can be written", path, ErrReadOnly, err)
	case errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("write %s: %w: the file is itself a mount point; mount its directory instead", path, ErrReadOnly)
	}
	return fmt.Errorf("write %s: %w", path, err)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
