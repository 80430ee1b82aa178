package plan

import (
	"time"

	"reconciler/engine"
)

// crashes are how often a container has crashed in a row: died without our
// doing, whoever stopped it, although it should run. The zero value: it hasn't.
// Crashes, failures and calls in vain are never counted for the same event.
type crashes struct {
	count   int
	life    life
	death   death
	counted time.Time // the FinishedAt of the death that was looked at last
}

// life is what is known of a container's run: only what lived can crash.
type life string

const (
	lifeUnseen life = ""      // nobody saw it alive since the engine came back; what is found dead after a boot didn't crash
	lifeSeen   life = "seen"  // it was seen alive
	lifeEnding life = "ended" // we stopped it: the death that follows is our own doing
)

func (s life) known() bool {
	switch s {
	case lifeUnseen, lifeSeen, lifeEnding:
		return true
	}
	return false
}

// death is what its last death was. That stays while it lives again.
type death string

const (
	deathNone  death = ""      // none was seen, or it was no crash
	deathCrash death = "crash" // so the start that follows waits for its back-off
	// deathAsked is a crash that others had asked for. If the engine goes away
	// before the container is started again, it was the engine's own end that
	// asked, and it was no crash.
	deathAsked death = "asked"
)

func (s death) known() bool {
	switch s {
	case deathNone, deathCrash, deathAsked:
		return true
	}
	return false
}

// crashed reports whether the last death was a crash.
func (k crashes) crashed() bool { return k.death == deathCrash || k.death == deathAsked }

// reborn takes in that the engine was away.
func (k crashes) reborn(c *engine.Container) crashes {
	switch {
	case k.death != deathAsked:
	case c.FinishedAt.Equal(k.counted):
		k.count, k.death = k.count-1, deathNone
	default:
		k.death = deathCrash
	}
	if k.life == lifeSeen {
		k.life = lifeUnseen
	}
	return k
}

// look takes in whether it lives. well is how long it has been as it is, and not
// unhealthy.
func (k crashes) look(l *look, well time.Duration) crashes {
	switch c := &l.is; {
	case l.busy, !k.life.known(), !k.death.known():
	case c.State.Alive():
		k.life = lifeSeen
		if k.death == deathAsked {
			k.death = deathCrash
		}
		if c.Running() && well >= l.service.RestartBackoff.ResetAfter {
			k.count = 0
		}
	case c.State == engine.StateExited && !c.FinishedAt.Equal(k.counted):
		k = k.died(l)
	}
	return k
}

// died takes in a death that was not looked at before.
func (k crashes) died(l *look) crashes {
	c := &l.is
	lived := k.life == lifeSeen || !l.fresh() && c.StartedAt.After(l.was.began) // or was started and over in between
	crash := lived && k.life != lifeEnding && l.wantsRun() && !l.done()
	k.counted, k.life, k.death = c.FinishedAt, lifeUnseen, deathNone
	if !crash {
		return k
	}
	if c.FinishedAt.Sub(c.StartedAt) >= l.service.RestartBackoff.ResetAfter {
		k.count = 0
	}
	k.count++
	k.death = deathCrash
	if l.touched.After(c.StartedAt) {
		k.death = deathAsked
	}
	return k
}

// after takes in how a call ended.
func (k crashes) after(r *Result) crashes {
	if !r.succeeded() {
		return k
	}
	switch does := r.Action.Verb.Traits(); {
	case does.Ends && !does.Begins:
		k.life = lifeEnding
	case k.life == lifeEnding:
		k.life = lifeUnseen
	}
	if r.Action.Cause == CauseUnhealthy || r.Action.Cause == CauseParent {
		k.count++ // or it would be restarted each grace, or after each crash of its parent, for ever
	}
	return k
}

func (k crashes) forgiven() crashes {
	k.count, k.death = 0, deathNone
	return k
}
