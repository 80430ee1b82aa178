package plan

import (
	"time"

	"reconciler/engine"
)

// inquiry is a look at a container that was asked for, where no event will tell
// what is to be known. The zero value: none, since it is as it is.
type inquiry struct {
	asked    time.Time // when a look was last asked for
	answered time.Time // from when on the last one that succeeded is
}

// look forgets what was asked for of another run, or while it didn't run.
func (q inquiry) look(l *look) inquiry {
	if l.changed() || l.reborn || !l.is.Running() {
		return inquiry{}
	}
	return q
}

// lookAt asks for a look at the container.
func (d *decision) lookAt(c engine.Container) {
	rec := d.record(c)
	rec.inquiry.asked = d.now
	d.keep(c, rec)
	d.plan.Look = append(d.plan.Look, c.ID)
}
