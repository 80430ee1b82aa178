package plan

import "time"

// sight is how a container was seen last. The zero value: it never was.
type sight struct {
	print fingerprint
	since time.Time // when it was first seen so, by our clock
	// began is its StartedAt at the last look that wasn't taken while a call of
	// ours was under way.
	began time.Time
}

func (s sight) seen() bool { return s.print != (fingerprint{}) }

func (s sight) look(l *look) sight {
	if l.changed() {
		s.print, s.since = l.print, l.now
	}
	if !l.busy || l.fresh() {
		s.began = l.is.StartedAt
	}
	return s
}
