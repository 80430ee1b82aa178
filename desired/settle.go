package desired

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
	seen  string // what was seen last
	since time.Time
}

// look takes in one reading and returns when what it saw will count; not after
// now: it does. inPlace: it is the inode that was accepted before.
func (s *settling) look(seen string, wait time.Duration, now time.Time) (due time.Time) {
	if seen != s.seen {
		s.seen, s.since = seen, now
	}
	return s.since.Add(wait)
}

// patience is how long a reading must stay the same.
func patience(c content, err error, inPlace bool) time.Duration {
	switch {
	case err != nil:
		return settleUnreadable
	case !inPlace:
		return settleNew
	case len(c.src) == 0 || c.src[len(c.src)-1] != '\n':
		return settleNoNewline
	}
	return settleInPlace
}
