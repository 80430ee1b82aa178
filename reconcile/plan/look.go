package plan

import (
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

// look is one look at one of a service's containers, with what is needed to
// draw conclusions from it. Each concern of a record takes it in, and none changes it.
type look struct {
	is    engine.Container
	print fingerprint
	was   sight // how it was seen at the look before
	now   time.Time

	service    desired.Service
	neighbours own.Neighbours

	flipped bool      // the intent changed since the look before
	reborn  bool      // the engine was away since then, and nobody looked meanwhile
	busy    bool      // a call of ours is under way: what it does is judged when it has returned
	touched time.Time // when others last sent it a signal that asks it to end
}

// fresh reports whether the look before says nothing about what happened since.
func (l *look) fresh() bool { return !l.was.seen() || l.reborn }

// changed reports whether something happened to the container since the look
// before that a start or stop would make happen.
func (l *look) changed() bool { return l.print != l.was.print }

// wantsRun reports whether the file asks that it runs, or did.
func (l *look) wantsRun() bool {
	return l.service.State == desired.Running || l.service.State == desired.Completed
}

// done reports whether it is a job's container that has done its work.
func (l *look) done() bool {
	return l.service.Job && l.is.State == engine.StateExited && l.is.ExitCode == 0
}

// asWanted reports whether the container is in the state that the file asks for.
func (l *look) asWanted() bool {
	if l.service.State == desired.Stopped {
		return l.is.State.Known() && !l.is.State.Alive()
	}
	return l.is.Running()
}

// fingerprint tells two looks at a container apart exactly when something
// happened in between that a start or stop would make happen. It is comparable.
// The zero value is that of no look.
type fingerprint struct {
	state             engine.State
	started, finished int64 // in nanoseconds; of a time that never was, some number that is always the same
}

func fingerprintOf(c *engine.Container) fingerprint {
	return fingerprint{c.State, c.StartedAt.UnixNano(), c.FinishedAt.UnixNano()}
}
