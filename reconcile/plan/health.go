package plan

import (
	"time"

	"reconciler/engine"
)

// health is what the healthchecks of a container that runs have shown. The zero
// value: it doesn't run, or was not looked at.
//
// A result counts only if its healthcheck ended after one that was seen before:
// what was read before the engine went away may be long past, and the engine
// says unhealthy of what is paused, until the next one. Times of the engine are
// compared with each other only, never with our clock.
type health struct {
	run time.Time // its StartedAt
	// from is the first look at this run within this view, or the last one at
	// which it was known not to be unhealthy; by our clock. base is when the
	// healthcheck ended that was the last one then.
	from, base time.Time
	// old: no healthcheck was seen to end since the engine came back, so its
	// health isn't known.
	old bool
	// sick is since when it is unhealthy without interruption, by our clock.
	// Zero: it isn't, or nobody knows.
	sick time.Time
}

func (h health) look(l *look) health {
	c := &l.is
	known := !h.from.IsZero() && c.StartedAt.Equal(h.run)
	switch {
	case !c.Running(): // the engine calls it unhealthy then, whatever it was
		return health{}
	case !known, l.reborn:
		return health{run: c.StartedAt, from: l.now, base: c.HealthAt, old: known && c.Health != engine.HealthNone}
	}
	ended := c.HealthAt.After(h.base)
	h.old = h.old && !ended
	switch {
	case h.old:
	case c.Health != engine.HealthUnhealthy:
		h.from, h.base, h.sick = l.now, c.HealthAt, time.Time{}
	case ended && h.sick.IsZero():
		h.sick = l.now
	}
	return h
}

// well is how long a container that has been as it is since then was not
// unhealthy.
func (h health) well(since, now time.Time) time.Duration {
	if !h.sick.IsZero() {
		now = h.sick
	}
	return now.Sub(since)
}
