package desired

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
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

// dataDir is the directory that one instance holds.
type dataDir struct {
	path string
	lock *os.File
}

// Memory is what must outlive the process besides the document. Lost, it costs
// at most one needless run of a job, a new count of replicas, and restarts of
// what is unhealthy until it was healthy once more.
type Memory struct {
	Jobs     map[string]string `json:"jobs"`     // service → ID of the container that finished
	Replicas map[string]int    `json:"replicas"` // service → how many ran when first observed
	// Healthy: service → IDs of its containers that were healthy once.
	Healthy map[string][]string `json:"healthy,omitempty"`
}

// openDataDir makes the directory if need be, and holds it until close.
// Errors: ErrDataDir, ErrLocked.
func openDataDir(path string) (*dataDir, error) {
	if err := os.MkdirAll(filepath.Join(path, revisionsDir), 0o700); err != nil {
		return nil, unusable(path, err)
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, unusable(path, err)
	}
	d := &dataDir{path, lock}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s is in use; is reconciler running already?", ErrLocked, path)
		}
		return nil, unusable(path, err)
	}
	if err := d.write(ignoreFile, []byte("*\n")); err != nil { // proves that it can be written, too
		lock.Close()
		return nil, unusable(path, err)
	}
	return d, nil
}

// unusable is ErrDataDir with what can be done about it.
func unusable(path string, err error) error {
	remedy := "name another with --data-dir"
	if errors.Is(err, fs.ErrPermission) {
		remedy = fmt.Sprintf("give %s to user %d, or %s", filepath.Dir(path), os.Geteuid(), remedy)
	}
	return fmt.Errorf("%w: %s: %w; %s", ErrDataDir, path, err, remedy)
}

func (d *dataDir) close() error { return d.lock.Close() }

// instance returns the random name that the directory gets once.
func (d *dataDir) instance() (string, error) {
	src, err := os.ReadFile(filepath.Join(d.path, instanceFile))
	if err == nil && len(src) == 33 {
		return string(src[:32]), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
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

// loadMemory returns what is remembered; nothing where there is nothing that
// can be read, which is safe.
func (d *dataDir) loadMemory() (Memory, error) {
	var m struct {
		Schema int `json:"schema"`
		Memory
	}
	switch _, err := d.load(memoryFile, &m, &m.Schema); {
	case errors.Is(err, errDamaged):
		return Memory{}, nil
	case err != nil:
		return Memory{}, err
	}
	return m.Memory, nil
}

// load reads a file of the data directory. Errors: ErrDataDir, errDamaged.
func (d *dataDir) load(name string, to any, version *int) (found bool, err error) {
	path := filepath.Join(d.path, name)
	src, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
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

func (d *dataDir) saveMemory(m Memory) error {
	src, err := json.Marshal(struct {
		Schema int `json:"schema"`
		Memory
	}{schema, m})
	if err != nil {
		return fmt.Errorf("remember: %w", err)
	}
	return d.write(memoryFile, src)
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
	temp := filepath.Join(d.path, other) + newSuffix
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, refusal(path, err)
	}
	_, err = f.Write(src)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		os.Remove(temp)
		return nil, refusal(path, err)
	}
	return func() error {
		if err := os.Rename(temp, path); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		return syncDir(filepath.Dir(path))
	}, nil
}
