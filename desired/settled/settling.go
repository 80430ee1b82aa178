package settled

import "time"

// How long a changed file must stay as it is before it counts, so that no half
// of a save is taken for a whole one: 21 % of the prefixes of a small file
// are valid documents (docs/state.md).
const (
	settleNew        = 100 * time.Millisecond // a new inode: it was written elsewhere and moved here
	settleInPlace    = time.Second
	settleNoNewline  = 3 * time.Second // in place, and the final newline is missing
	settleUnreadable = time.Second     // gone, or no file: perhaps just between a remove and a create
)

// settling decides when a changed file counts. The zero value has seen nothing.
type settling struct {
	text  string // what was read last
	id    ID
	since time.Time // when it was first seen so
	wait  time.Duration
}

// look takes in one reading and returns when it will count; not after now: it
// does. Any write starts the wait anew, also one that left the text as it was.
// known is the inode that was accepted or found bad before.
func (s *settling) look(r Reading, err error, known ID, now time.Time) (due time.Time) {
	text := mark(r, err)
	switch {
	case text != s.text:
		// A new inode that is seen to grow was not moved here either: somebody
		// removed the file and writes another.
		inPlace := r.ID.SameFile(known) || r.ID.SameFile(s.id)
		s.text, s.id, s.since, s.wait = text, r.ID, now, patience(r, err, inPlace)
	case r.ID != s.id:
		s.id, s.since = r.ID, now
	}
	return s.since.Add(s.wait)
}

// patience is how long a reading must stay the same.
func patience(r Reading, err error, inPlace bool) time.Duration {
	switch {
	case err != nil:
		return settleUnreadable
	case !inPlace:
		return settleNew
	case len(r.Bytes) == 0 || r.Bytes[len(r.Bytes)-1] != '\n':
		return settleNoNewline
	}
	return settleInPlace
}
