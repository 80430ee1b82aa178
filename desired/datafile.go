package desired

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxData is the most that a file of the data directory may hold: the file's
// bytes with each escaped, and more.
const maxData = 8 << 20

// read reads a file of the data directory, whatever somebody put there. What
// no file is, is too large or leads out of it, is errDamaged.
func (d *dataDir) read(name string) ([]byte, error) {
	path := filepath.Join(d.path, name)
	damaged := func(what string) error { return fmt.Errorf("%s: %w: it is %s", path, errDamaged, what) }
	if st, err := d.root.Lstat(name); err != nil {
		return nil, err
	} else if !st.Mode().IsRegular() {
		return nil, damaged("no file")
	}
	f, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	switch st, err := f.Stat(); {
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular():
		return nil, damaged("no file")
	case st.Size() > maxData:
		return nil, damaged(fmt.Sprintf("larger than %d bytes", maxData))
	default:
		return io.ReadAll(io.LimitReader(f, st.Size()))
	}
}

// load reads a file of the data directory. Errors: ErrDataDir, errDamaged.
func (d *dataDir) load(name string, to any, version *int) (found bool, err error) {
	path := filepath.Join(d.path, name)
	src, err := d.read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case errors.Is(err, errDamaged):
		return false, err
	case err != nil:
		return false, fmt.Errorf("%w: %w", ErrDataDir, err)
	}
	if err := json.Unmarshal(src, to); err != nil {
		return false, fmt.Errorf("%s: %w: %w", path, errDamaged, err)
	}
	if *version > schema {
		return false, fmt.Errorf("%w: %s was written by a newer reconciler (schema %d, this one knows %d)", ErrDataDir, path, *version, schema)
	}
	return true, nil
}

// write writes a file whole and durably.
func (d *dataDir) write(name string, src []byte) error {
	commit, err := d.prepareAs(name, name, src)
	if err != nil {
		return err
	}
	return commit()
}

// prepareAs does everything that can fail for want of space, under another
// name; commit makes it the file of that name.
func (d *dataDir) prepareAs(other, name string, src []byte) (commit func() error, err error) {
	path := filepath.Join(d.path, name)
	temp := other + newSuffix
	// Whatever lies there, a crash's or a FIFO: it is nobody's.
	if err := d.root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, refusal(path, err)
	}
	f, err := d.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, refusal(path, err)
	}
	_, err = f.Write(src)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return nil, refusal(path, errors.Join(err, d.root.Remove(temp)))
	}
	return func() error {
		if err := d.root.Rename(temp, name); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		return d.sync(filepath.Dir(name))
	}, nil
}

func (d *dataDir) sync(folder string) error {
	f, err := d.root.Open(folder)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		return fmt.Errorf("sync %s: %w", filepath.Join(d.path, folder), err)
	}
	return nil
}
