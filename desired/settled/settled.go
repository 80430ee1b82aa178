// Package settled follows files that others write, and says what counts of
// them. It watches and polls, waits until a save is whole, reads without being
// held up by any disk, and keeps the bytes that were good last. What the bytes
// mean is not its business: whether they are good is asked of the caller.
//
// What may be followed: any path, whether anything is there or not; each part
// of it may be a link, and be turned elsewhere. Only a regular file is read, at
// most File.Limit bytes of it, and no more than it says that it has. Anything
// else is an error, as is what can't be read or doesn't answer within
// File.Patience, and leaves what was good. So does a missing file, whose error
// is fs.ErrNotExist: a caller that can do without the file asks for that.
//
// When a change counts: docs/state.md. That a file can't be read counts in the
// same way.
//
// Who may call what: one goroutine at a time calls the methods of a File. The
// caller gives the turns, by a desk.Desk, for a reading may take all of its
// patience. Only Watch runs beside them, and calls nothing but the look that it
// is given. Files that count only together share the turn and one look: it reads
// them all, and has them judged once none of them has to wait any more.
package settled

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"
)

// File follows one path. Its exported fields are set before it is used, each of
// them, and stay as they are.
type File struct {
	Path     string
	Limit    int64            // bytes that are read; one more than are good, and the caller sees that there are too many
	Patience time.Duration    // how long one waits for a reading
	Now      func() time.Time // the clock by which a change settles

	state    State
	judged   string // mark of the reading that was judged last; empty: judge any
	known    ID     // of the file then
	settling settling

	mu   sync.Mutex // held for moments
	left []*attempt // readings under way
}

// State is what counts of a file. The zero value: nothing was read.
type State struct {
	Good    []byte    // what was found good last; nil: nothing yet. Nobody may change it
	Problem error     // what is wrong with the file now; nil: Good is what it says
	Since   time.Time // when it began to be wrong; zero while nothing is
}

// State returns what counts.
func (f *File) State() State { return f.state }

// Restore makes good what an earlier process found good; nil: nothing.
func (f *File) Restore(good []byte) { f.state.Good = good }

// Settle takes in a reading. It reports whether that has settled and wasn't
// judged yet, which stays so until Judge; else, where somebody may be in the
// middle of writing, how long to wait for that. Neither: there is nothing to do.
func (f *File) Settle(r Reading, err error) (fresh bool, wait time.Duration) {
	if mark(r, err) == f.judged {
		f.settling, f.known = settling{}, r.ID
		return false, 0
	}
	now := f.Now()
	if due := f.settling.look(r, err, f.known, now); now.Before(due) {
		return false, max(time.Millisecond, due.Sub(now))
	}
	return true, 0
}

// Judge makes the reading count, settled or not, and reports whether that is
// news: not if it is wrong as it was before. What is good already just ends a
// problem. Of any other bytes judge says what is wrong; nil: they are good.
func (f *File) Judge(r Reading, err error, judge func(src []byte) error) (news bool) {
	f.judged, f.known, f.settling = mark(r, err), r.ID, settling{}
	if err == nil && (f.state.Good == nil || !bytes.Equal(r.Bytes, f.state.Good)) {
		if err = judge(r.Bytes); err == nil {
			f.state.Good = r.Bytes
		}
	}
	before := f.state.Problem
	f.state.Problem = err
	switch {
	case err == nil:
		f.state.Since = time.Time{}
	case before == nil:
		f.state.Since = f.Now()
	default:
		return err.Error() != before.Error()
	}
	return true
}

// Again has the next reading that settles judged, even if it is the last one:
// what was wrong was not the file. Judge's function may call it.
func (f *File) Again() { f.judged = "" }

// Wrote says that the caller made src the file, and that it is good. now is
// what was read since.
func (f *File) Wrote(src []byte, now Reading) {
	f.state = State{Good: src}
	f.judged, f.known = mark(Reading{Bytes: src}, nil), now.ID
}

// mark tells two readings apart.
func mark(r Reading, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return fmt.Sprintf("%x", sha256.Sum256(r.Bytes))
}
