package desired

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
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
	dir := filepath.Dir(was.target)
	temp, err := writeTemp(was, src)
	if err != nil {
		return refusal(was.target, err)
	}
	defer os.Remove(temp) // the old file after the exchange; nothing after a rename
	err = unix.Renameat2(unix.AT_FDCWD, temp, unix.AT_FDCWD, was.target, unix.RENAME_EXCHANGE)
	switch {
	case err == nil:
		if err := cameOut(temp, was); err != nil {
			back := unix.Renameat2(unix.AT_FDCWD, temp, unix.AT_FDCWD, was.target, unix.RENAME_EXCHANGE)
			return errors.Join(err, back)
		}
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOSYS): // this file system can't exchange
		if err := cameOut(was.target, was); err != nil {
			return err
		}
		if err := os.Rename(temp, was.target); err != nil {
			return refusal(was.target, err)
		}
	case errors.Is(err, syscall.ENOENT):
		return errMoved
	default:
		return refusal(was.target, err)
	}
	return syncDir(dir)
}

// cameOut returns errMoved unless the file at path is what was read.
func cameOut(path string, was content) error {
	now, err := read(path)
	if err != nil || !now.id.sameFile(was.id) || !bytes.Equal(now.src, was.src) {
		return errMoved
	}
	return nil
}

// writeTemp writes the bytes beside the file, durably, with its owner and mode.
func writeTemp(was content, src []byte) (path string, err error) {
	var st unix.Stat_t
	if err := unix.Stat(was.target, &st); err != nil {
		return "", err
	}
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", err
	}
	dir, base := filepath.Split(was.target)
	path = filepath.Join(dir, tempPrefix(base)+hex.EncodeToString(random[:]))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return "", err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			os.Remove(path)
		}
	}()
	if int(st.Uid) != os.Geteuid() || int(st.Gid) != os.Getegid() {
		if err := f.Chown(int(st.Uid), int(st.Gid)); err != nil {
			return "", fmt.Errorf("%w: it belongs to user %d, group %d, which can't be kept (%w); write by hand, or run as that user", ErrOwner, st.Uid, st.Gid, err)
		}
	}
	if err := f.Chmod(os.FileMode(st.Mode & 0o7777)); err != nil {
		return "", err
	}
	if _, err := f.Write(src); err != nil {
		return "", err
	}
	return path, f.Sync()
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
