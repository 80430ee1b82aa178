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
// and durably, with all the rights of the old one. What came out of the
// exchange must be what was read, with the rights that were kept: else it is
// put back, and the error is errMoved, so that no editor's save and no chmod is
// lost. Other errors: ErrReadOnly, ErrOwner, ErrNoSpace; after all of them the
// old file is intact.
func swap(was content, src []byte) error {
	target := was.target // of which an error says nothing
	ours, was, err := writeTemp(was, src)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errMoved) {
		return errMoved
	}
	if err != nil {
		return refusal(target, err)
	}
	temp := ours.target
	err = exchange(temp, target)
	switch {
	case err == nil:
		if cameOut(temp, was) != nil {
			if err := putBack(ours, target); err != nil {
				return fmt.Errorf("put back what was saved meanwhile, now in %s: %w", temp, err)
			}
			err = errMoved
		}
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOSYS): // this file system can't exchange
		if err = cameOut(target, was); err == nil {
			err = os.Rename(temp, target)
		}
	}
	if rerr := os.Remove(temp); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	switch {
	case errors.Is(err, errMoved), errors.Is(err, fs.ErrNotExist):
		return errMoved
	case err != nil:
		return refusal(target, err)
	}
	return syncDir(filepath.Dir(target))
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

// cameOut returns errMoved unless the file at path is what was read, with the
// same rights where they are known, and nobody is about to write to it.
func cameOut(path string, was content) error {
	if writing(path) {
		return errMoved
	}
	now, err := read(path)
	if err != nil || !now.id.sameFile(was.id) || !bytes.Equal(now.src, was.src) {
		return errMoved
	}
	if was.rights == nil {
		return nil
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return errMoved
	}
	defer f.Close()
	if have, _, err := rightsOf(f); err != nil || !have.equal(*was.rights) {
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

// writeTemp writes the bytes beside the file, durably, with all its rights. It
// returns what the new file is, and what was with the rights that it has.
func writeTemp(was content, src []byte) (ours, now content, err error) {
	old, err := os.OpenFile(was.target, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return content{}, content{}, err
	}
	defer old.Close()
	have, st, err := rightsOf(old)
	if err != nil {
		return content{}, content{}, err
	}
	if !identity(st).sameFile(was.id) {
		return content{}, content{}, errMoved
	}
	dir, base := filepath.Split(was.target)
	for _, path := range []string{was.target, filepath.Clean(dir)} {
		if err := errFixed(path); err != nil {
			return content{}, content{}, err
		}
	}
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return content{}, content{}, err
	}
	path := filepath.Join(dir, tempPrefix(base)+hex.EncodeToString(random[:]))
	// Nobody but an owner who may read the old one may read it, until all its
	// rights are those of the old one: nor by an ACL that the folder gives it,
	// for the group's bits, which are its mask, are 0.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, os.FileMode(have.mode&0o600|0o200))
	if err != nil {
		return content{}, content{}, err
	}
	_, err = f.Write(src)
	if err == nil {
		err = have.keep(f)
	}
	if err == nil {
		err = f.Sync()
	}
	var own unix.Stat_t
	err = errors.Join(err, unix.Fstat(int(f.Fd()), &own), f.Close())
	if err != nil {
		return content{}, content{}, errors.Join(err, os.Remove(path))
	}
	was.rights = &have
	return content{src: src, target: path, id: identity(own)}, was, nil
}

// tempPrefix begins the names of our temporary files beside the file.
func tempPrefix(base string) string { return "." + base + ".reconciler-" }

// refusal wraps why the file could not be written.
func refusal(path string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("write %s: %w: %w; the file is as it was", path, ErrNoSpace, err)
	case errors.Is(err, ErrOwner):
		return fmt.Errorf("write %s: %w", path, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ENOTDIR):
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
