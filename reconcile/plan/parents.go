package plan

import (
	"time"

	"reconciler/engine"
)

// parents are the containers whose namespaces a container shares, by ID. Mostly
// nil; never changed in place.
type parents map[string]pinned

// pinned is what is remembered of a container whose namespace another one, its
// child, got when that was started. Times of the engine are compared with each
// other only, and only where the order of two starts was not seen.
type pinned struct {
	run, own time.Time // the StartedAt of the parent, and of the child, at the last look
	// stale: the parent was started again since, so the child's namespace is one
	// that is gone.
	stale bool
	// since is when that was seen, by our clock; zero: it was so at the first look.
	since time.Time
}

func (p parents) look(l *look) parents {
	if len(l.is.Shares) == 0 {
		return nil
	}
	all := make(parents, len(l.is.Shares))
	for _, id := range l.is.Shares {
		pin := p[id]
		if parent, ok := l.neighbours.Container(id); ok && parent.Running() {
			pin = pin.look(&parent, &l.is, l.now)
		}
		all[id] = pin
	}
	return all
}

// look takes in that the parent runs.
func (p pinned) look(parent, child *engine.Container, now time.Time) pinned {
	first := p.own.IsZero()
	again, anew := !parent.StartedAt.Equal(p.run), !child.StartedAt.Equal(p.own)
	p.run, p.own = parent.StartedAt, child.StartedAt
	switch {
	case first:
		p.stale = parent.StartedAt.After(child.StartedAt)
	case again:
		p.stale, p.since = !anew || parent.StartedAt.After(child.StartedAt), now
	case anew:
		p.stale = false
	}
	return p
}
