package desired

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// sweep removes what a crash in the middle of a swap left beside the file:
// some of the bytes that were being written, or the old file that had come out
// of the exchange. Anything else there may be the save of an editor that came
// in between: it is kept, and a warning names it. The caller holds the lock.
func (d *dataDir) sweep(target string) (warnings []string) {
	dir, base := filepath.Split(target)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return nil // nothing could be removed either
	}
	var written, before accepted
	d.peek(acceptedFile+newSuffix, &written)
	d.peek(acceptedFile, &before)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempPrefix(base)) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		c, err := read(path)
		if err == nil && (bytes.HasPrefix([]byte(written.State), c.src) || string(c.src) == before.State) {
			err = os.Remove(path)
			if err == nil {
				continue
			}
		}
		warnings = append(warnings, fmt.Sprintf("%s was left by an edit that was interrupted, and may hold what somebody saved then: compare it with %s, then delete it", path, target))
	}
	return warnings
}

// peek reads a record if there is one that can be read; else to stays as it is.
func (d *dataDir) peek(name string, to *accepted) {
	src, err := os.ReadFile(filepath.Join(d.path, name))
	if err == nil {
		_ = json.Unmarshal(src, to) // half a record tells nothing
	}
}
