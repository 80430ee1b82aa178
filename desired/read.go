package desired

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"reconciler/desired/settled"
)

// readSize is one byte more than a document may have, so that Parse can say so.
const readSize = maxSize + 1

// read reads the file at path once, for as long as its disk takes.
func read(path string) (settled.Reading, error) {
	r, err := settled.Read(path, readSize)
	return r, withRemedy(err)
}

// withRemedy says what to do where there is no file.
func withRemedy(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w; write one, or let `reconciler init` write it", err)
	}
	return err
}

// ReadFile reads and parses the file at that path. The error is a *ParseError.
func ReadFile(path string) (*Document, error) {
	r, err := read(path)
	if err != nil {
		return nil, asParseError(path, err)
	}
	return Parse(path, r.Bytes)
}

// ReadMemory returns what is remembered in a data directory, without holding
// it; nothing where there is none.
func ReadMemory(dir string) (Memory, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDataDir, err)
	}
	d := &dataDir{path: dir, root: root}
	m, err := d.loadMemory()
	return m, errors.Join(err, d.close())
}
