package desired

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"reconciler/desired/settled"
)

// schema is the version of the files in the data directory. A newer one is
// refused: an older program can't know what it would lose.
const schema = 1

// The files of the data directory.
const (
	lockFile     = "lock"
	ignoreFile   = ".gitignore"
	instanceFile = "instance"
	memoryFile   = "memory.json"
)

// newSuffix ends the name of a file that is being written.
const newSuffix = ".new"

// dataDir is the directory that one instance holds. Nothing in it leads out of
// it.
type dataDir struct {
	path string
	root *os.Root
	lock *os.File
	id   settled.ID // of the lock
}

// openDataDir makes the directory if need be, and holds it until close. beside
// is the file whose owner may own it, too. Errors: ErrDataDir, ErrLocked.
func openDataDir(path, beside string) (d *dataDir, warnings []string, err error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, nil, unusable(path, err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, nil, unusable(path, err)
	}
	d = &dataDir{path: path, root: root}
	if warnings, err = d.settle(beside); err != nil {
		return nil, nil, errors.Join(err, d.close())
	}
	return d, warnings, nil
}

// settle checks whose it is, makes what must be in it, and locks it.
func (d *dataDir) settle(beside string) (warnings []string, err error) {
	if warnings, err = d.trusted(beside); err != nil {
		return nil, err
	}
	if err := d.root.MkdirAll(revisionsDir, 0o700); err != nil {
		return nil, unusable(d.path, err)
	}
	if st, err := d.root.Lstat(lockFile); err == nil && !st.Mode().IsRegular() {
		return nil, unusable(d.path, fmt.Errorf("%s is no file; remove it", lockFile))
	}
	d.lock, err = d.root.OpenFile(lockFile, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, unusable(d.path, err)
	}
	if err := unix.Flock(int(d.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s is in use; is reconciler running already? See who has it, and end one of them: lslocks | grep reconciler", ErrLocked, d.path)
		}
		return nil, unusable(d.path, err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(d.lock.Fd()), &st); err != nil {
		return nil, unusable(d.path, err)
	}
	d.id = settled.IDOf(st)
	if err := d.held(); err != nil { // removed before we had it
		return nil, unusable(d.path, err)
	}
	if err := d.write(ignoreFile, []byte("*\n")); err != nil { // proves that it can be written, too
		return nil, unusable(d.path, err)
	}
	return warnings, nil
}

// trusted refuses a directory of somebody who has no say in the file: who owns
// it decides what is restored, and what a start on a bad file runs on. One that
// everybody may write is warned of only: on some file systems each is, and
// there so is the file.
func (d *dataDir) trusted(beside string) (warnings []string, err error) {
	st, err := d.root.Stat(".")
	if err != nil {
		return nil, unusable(d.path, err)
	}
	owner, known := st.Sys().(*syscall.Stat_t)
	if !known {
		return nil, nil
	}
	may := []uint32{0, uint32(os.Geteuid())}
	for _, path := range []string{beside, filepath.Dir(beside)} {
		var st unix.Stat_t
		if unix.Stat(path, &st) == nil {
			may = append(may, st.Uid)
		}
	}
	if !slices.Contains(may, owner.Uid) {
		return nil, fmt.Errorf("%w: %s belongs to user %d, to whom neither %s nor its folder belongs; chown it, or name another with --data-dir", ErrDataDir, d.path, owner.Uid, beside)
	}
	if st.Mode().Perm()&0o002 != 0 {
		warnings = append(warnings, fmt.Sprintf("%s may be written by everybody on this machine, who decides by that what is restored: chmod o-w it", d.path))
	}
	return warnings, nil
}

// ErrUnheld: the data directory isn't held any more, and another instance may
// act (503 state_unheld).
var ErrUnheld = errors.New("state_unheld")

// held returns ErrUnheld unless the lock that we hold is still the one that
// the path leads to. It costs one stat.
func (d *dataDir) held() error {
	var st unix.Stat_t
	path := filepath.Join(d.path, lockFile)
	const so = "nothing is done until it is held again, since another instance may act; that is tried every 5s"
	switch err := unix.Lstat(path, &st); {
	case errors.Is(err, unix.ENOENT) && unix.Stat(d.path, &st) != nil:
		return fmt.Errorf("%w: the data directory %s is gone: %s", ErrUnheld, d.path, so)
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("%w: the lock %s was removed: %s", ErrUnheld, path, so)
	case err != nil:
		return fmt.Errorf("%w: the lock %s can't be looked at (%w): %s", ErrUnheld, path, err, so)
	case !settled.IDOf(st).SameFile(d.id):
		return fmt.Errorf("%w: the lock %s is another one than ours: %s", ErrUnheld, path, so)
	}
	return nil
}

// unusable is ErrDataDir with what can be done about it.
func unusable(path string, err error) error {
	remedy := "name another with --data-dir"
	if errors.Is(err, fs.ErrPermission) {
		user := os.Geteuid()
		if _, serr := os.Lstat(path); serr == nil { // as another user left it, who ran this before
			remedy = fmt.Sprintf("give it to user %d with all that is in it (chown -R %d %s), or %s", user, user, path, remedy)
		} else {
			remedy = fmt.Sprintf("give %s to user %d, or %s", filepath.Dir(path), user, remedy)
		}
	}
	return fmt.Errorf("%w: %s: %w; %s", ErrDataDir, path, err, remedy)
}

func (d *dataDir) close() error {
	if d.lock == nil {
		return d.root.Close()
	}
	return errors.Join(d.lock.Close(), d.root.Close())
}

// instance returns the random name that the directory gets once.
func (d *dataDir) instance() (string, error) {
	src, err := d.read(instanceFile)
	if err == nil && len(src) == 33 {
		return string(src[:32]), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errDamaged) {
		return "", fmt.Errorf("%w: %w", ErrDataDir, err)
	}
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fmt.Errorf("%w: %w", ErrDataDir, err)
	}
	id := hex.EncodeToString(random[:])
	if err := d.write(instanceFile, []byte(id+"\n")); err != nil {
		return "", fmt.Errorf("%w: %w", ErrDataDir, err)
	}
	return id, nil
}
