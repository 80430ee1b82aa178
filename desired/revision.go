package desired

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"reconciler/desired/desk"
	"reconciler/desired/settled"
)

// keptRevisions is how many revisions are kept (docs/state.md).
const keptRevisions = 100

// Revision is one accepted change. Its JSON form is public (docs/http.md).
type Revision struct {
	Generation int64     `json:"generation"`
	Kind       string    `json:"kind"` // KindState
	Time       time.Time `json:"time"` // when it was accepted
	Actor      string    `json:"actor"`
	Reason     string    `json:"reason"`
	Summary    string    `json:"summary"` // what it changed, in words
	Digest     string    `json:"digest"`  // hex SHA-256 of the bytes
}

// KindState is the kind of a revision that changed the file.
const KindState = "state"

// record is a revision as the data directory keeps it, one file each: what a
// crash damages is one file, and the others stay readable.
type record struct {
	Schema int `json:"schema"`
	Revision
	State string `json:"state"` // the bytes of the file
}

// The folder of the records, and where one is written before it counts: in the
// same folder, so that whatever keeps a record out of it is found before the
// file is exchanged.
const (
	revisionsDir = "revisions"
	preparedFile = revisionsDir + "/revision"
)

func revisionFile(generation int64) string {
	return filepath.Join(revisionsDir, strconv.FormatInt(generation, 10)+".json")
}

// prepareRevision writes the record down; commit makes it the newest one.
func (d *dataDir) prepareRevision(r record) (commit func() error, err error) {
	r.Schema = schema
	src, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("record revision %d: %w", r.Generation, err)
	}
	// It may have been removed since the start.
	if err := d.root.MkdirAll(revisionsDir, 0o700); err != nil {
		return nil, refusal(filepath.Join(d.path, revisionsDir), err)
	}
	return d.prepareAs(preparedFile, revisionFile(r.Generation), src)
}

// forget removes all but the last records. What can't be removed is tried again
// the next time.
func (d *dataDir) forget() {
	numbers, _ := d.numbers() // where they can't be listed, none can be removed
	for _, n := range numbers[:len(numbers)-len(kept(numbers))] {
		_ = d.root.Remove(revisionFile(n))
	}
}

// kept are the numbers that stay, of those in ascending order.
func kept(numbers []int64) []int64 { return numbers[max(0, len(numbers)-keptRevisions):] }

// finish makes an edit that a crash cut off between the file and its record
// whole: if the file holds what was about to be recorded as the revision after
// last, it is recorded, with who did it. It reports whether it did so.
func (d *dataDir) finish(last int64, now settled.Reading) (bool, error) {
	r, err := d.readRecord(preparedFile + newSuffix)
	if err != nil || r.Generation != last+1 || r.State != string(now.Bytes) {
		return false, nil // there is none, or it is of another time: the file alone counts
	}
	commit, err := d.prepareRevision(r)
	if err != nil {
		return false, err
	}
	return true, commit()
}

// revisions returns what is kept, oldest first, and the number of the newest
// one, damaged or not. A damaged record is left out, and a warning names it:
// its number isn't given again. Error: ErrDataDir.
func (d *dataDir) revisions() (all []Revision, newest int64, warnings []string, err error) {
	numbers, err := d.numbers()
	if err != nil {
		return nil, 0, nil, fmt.Errorf("%w: %w", ErrDataDir, err)
	}
	for _, n := range kept(numbers) {
		r, err := d.record(n)
		switch {
		case errors.Is(err, errDamaged):
			warnings = append(warnings, err.Error())
		case err != nil:
			return nil, 0, nil, err
		default:
			all = append(all, r.Revision)
		}
		newest = n
	}
	return all, newest, warnings, nil
}

// numbers are those of the records that are there, in ascending order.
func (d *dataDir) numbers() ([]int64, error) {
	f, err := d.root.Open(revisionsDir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	var numbers []int64
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if n, err := strconv.ParseInt(name, 10, 64); ok && err == nil && n > 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, err
}

// errDamaged: the record can't be read any more.
var errDamaged = errors.New("damaged")

// record reads one revision. Errors: ErrUnknownRevision, ErrDataDir, errDamaged.
func (d *dataDir) record(generation int64) (record, error) {
	r, err := d.readRecord(revisionFile(generation))
	if err == nil && r.Generation != generation {
		err = fmt.Errorf("revision %d: %w: it says that it is %d", generation, errDamaged, r.Generation)
	}
	return r, err
}

func (d *dataDir) readRecord(name string) (record, error) {
	var r record
	found, err := d.load(name, &r, &r.Schema)
	switch {
	case err != nil:
		return record{}, err
	case !found:
		return record{}, ErrUnknownRevision
	case r.Generation < 1 || digest([]byte(r.State)) != r.Digest:
		return record{}, fmt.Errorf("%s: %w: its text is not the one that was recorded", filepath.Join(d.path, name), errDamaged)
	}
	return r, nil
}

// append makes it the newest revision; the caller has the turn.
func (s *Store) append(r Revision) {
	before := *s.history.Load()
	s.history.Store(new(append(slices.Clone(before[max(0, len(before)-keptRevisions+1):]), r)))
}

// Revisions returns what is kept, newest first.
func (s *Store) Revisions() []Revision {
	all := slices.Clone(*s.history.Load())
	slices.Reverse(all)
	return all
}

// Revision returns one revision and its bytes. Errors: ErrUnknownRevision,
// ErrDataDir, ErrBlocked.
func (s *Store) Revision(generation int64) (Revision, []byte, error) {
	r, err := desk.Ask(s.shelf, "read revision "+strconv.FormatInt(generation, 10), func(*desk.Work) (record, error) { return s.data.Load().record(generation) }, nil)
	switch {
	case errors.Is(err, errDamaged):
		return Revision{}, nil, fmt.Errorf("%w %d: its record is damaged", ErrUnknownRevision, generation)
	case errors.Is(err, ErrUnknownRevision):
		return Revision{}, nil, fmt.Errorf("%w %d: the last %d are kept", ErrUnknownRevision, generation, keptRevisions)
	}
	return r.Revision, []byte(r.State), err
}
