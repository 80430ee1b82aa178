package desired

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// sweep removes what a crash in the middle of a swap left beside the file:
// some of the bytes that were being written, or the old file that had come out
// of the exchange. Anything else there may be the save of an editor that came
// in between: it is kept, and a warning names it. before is what was accepted
// last, or nil. The caller holds the lock.
func (d *dataDir) sweep(target string, before *Document) (warnings []string) {
	dir, base := filepath.Split(target)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return nil // nothing could be removed either
	}
	// Half a record, or none, tells nothing.
	written, _ := d.readRecord(preparedFile + newSuffix)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempPrefix(base)) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		r, err := read(path)
		if err == nil && (bytes.HasPrefix([]byte(written.State), r.Bytes) || before != nil && bytes.Equal(r.Bytes, before.Source)) {
			err = os.Remove(path)
			if err == nil {
				continue
			}
		}
		warnings = append(warnings, fmt.Sprintf("%s was left by an edit that was interrupted, and may hold what somebody saved then: compare it with %s, then delete it", path, target))
	}
	return warnings
}
