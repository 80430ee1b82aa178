package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// revision is one record of the data directory.
type revision struct {
	generation          int64
	actor, digest, text string
}

// revisions collects every record of a data directory while it is written,
// for only the newest hundred stay.
type revisions struct {
	t    *testing.T
	dir  string
	stop chan struct{}
	done sync.WaitGroup

	mu    sync.Mutex
	all   []revision
	texts map[string]bool
	more  chan struct{}
}

// follow begins to collect.
func follow(t *testing.T, dir string) *revisions {
	r := &revisions{t: t, dir: dir, stop: make(chan struct{}), texts: map[string]bool{}, more: make(chan struct{})}
	r.done.Go(r.collect)
	return r
}

func (r *revisions) collect() {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for ending := false; ; {
		for r.next() {
		}
		if ending {
			return
		}
		select {
		case <-tick.C:
		case <-r.stop:
			ending = true // what was written before the end is there by now
		}
	}
}

// next takes the next record, if there is one.
func (r *revisions) next() bool {
	generation := int64(len(r.all) + 1)
	src, err := os.ReadFile(filepath.Join(r.dir, fmt.Sprintf("%d.json", generation)))
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	var record struct {
		Generation           int64
		Actor, Digest, State string
	}
	if err = errors.Join(err, json.Unmarshal(src, &record)); err != nil || record.Generation != generation || digestOf(record.State) != record.Digest {
		r.t.Errorf("record %d: %v: %.100s", generation, err, src)
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, revision{generation, record.Actor, record.Digest, record.State})
	r.texts[record.State] = true
	close(r.more)
	r.more = make(chan struct{})
	return true
}

// await waits until a revision has that text; false: it took too long.
func (r *revisions) await(text string) bool {
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for {
		r.mu.Lock()
		found, more := r.texts[text], r.more
		r.mu.Unlock()
		if found {
			return true
		}
		select {
		case <-more:
		case <-late.C:
			return false
		}
	}
}

// end takes the last ones and returns all.
func (r *revisions) end() []revision {
	close(r.stop)
	r.done.Wait()
	return r.all
}
