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

	"reconciler/desired/settled"
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
func swap(was settled.Reading, src []byte) error {
	target := was.Target // of which an error says nothing
	ours, have, err := writeTemp(was, src)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errMoved) {
		return errMoved
	}
	if err != nil {
		return refusal(target, err)
	}
	temp := ours.Target
	err = exchange(temp, target)
	switch {
	case err == nil:
		if cameOut(temp, was, &have) != nil {
			if err := putBack(ours, target); err != nil {
				return fmt.Errorf("put back what was saved meanwhile, now in %s: %w", temp, err)
			}
			err = errMoved
		}
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOSYS): // this file system can't exchange
		if err = cameOut(target, was, &have); err == nil {
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
func putBack(ours settled.Reading, target string) error {
	put := ours
	for range maxTries {
		theirs, _ := read(ours.Target) // a directory, say, goes back all the same
		if err := exchange(ours.Target, target); err != nil {
			return err
		}
		if cameOut(ours.Target, put, nil) == nil {
			return nil
		}
		put = theirs
	}
	return errMoved
}

// cameOut returns errMoved unless the file at path is what was read, with the
// same rights unless they are nil, and nobody is about to write to it.
func cameOut(path string, was settled.Reading, had *rights) error {
	if writing(path) {
		return errMoved
	}
	now, err := read(path)
	if err != nil || !now.ID.SameFile(was.ID) || !bytes.Equal(now.Bytes, was.Bytes) {
		return errMoved
	}
	if had == nil {
		return nil
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return errMoved
	}
	defer f.Close()
	if have, _, err := rightsOf(f); err != nil || !have.equal(*had) {
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
// returns what the new file is, and the rights that both have.
func writeTemp(was settled.Reading, src []byte) (ours settled.Reading, have rights, err error) {
	old, err := os.OpenFile(was.Target, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return settled.Reading{}, rights{}, err
	}
	defer old.Close()
	have, st, err := rightsOf(old)
	if err != nil {
		return settled.Reading{}, rights{}, err
	}
	if !settled.IDOf(st).SameFile(was.ID) {
		return settled.Reading{}, rights{}, errMoved
	}
	dir, base := filepath.Split(was.Target)
	for _, path := range []string{was.Target, filepath.Clean(dir)} {
		if err := errFixed(path); err != nil {
			return settled.Reading{}, rights{}, err
		}
	}
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return settled.Reading{}, rights{}, err
	}
	path := filepath.Join(dir, tempPrefix(base)+hex.EncodeToString(random[:]))
	// Nobody but an owner who may read the old one may read it, until all its
	// rights are those of the old one: nor by an ACL that the folder gives it,
	// for the group's bits, which are its mask, are 0.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, os.FileMode(have.mode&0o600|0o200))
	if err != nil {
		return settled.Reading{}, rights{}, err
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
		return settled.Reading{}, rights{}, errors.Join(err, os.Remove(path))
	}
	return settled.Reading{Bytes: src, Target: path, ID: settled.IDOf(own)}, have, nil
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
