package plan

import (
	"time"

	"reconciler/desired"
	"reconciler/engine"
)

// record is what is remembered of one container.
type record struct {
	// Reached: it has been as wanted since the intent last changed.
	Reached bool
	// Alive: it was seen alive within this view. Only what lived can crash, and
	// what was started since the last look did; what is found dead after a boot
	// didn't.
	Alive bool
	// OwnStop: the exit that follows is our own doing.
	OwnStop bool
	// Restart: somebody asked for its restart, and it wasn't made yet.
	Restart bool
	// Unanswered: the engine did not answer that restart. Whether it was made is
	// told by the next look.
	Unanswered bool
	// Unseen is the last call, if nobody could see yet what came of it: then
	// what is known of the container is older than the call, and means nothing.
	Unseen engine.Verb

	// Crashes, Failures and NoProgress are never counted for the same event.
	Crashes int       // in a row
	Counted time.Time // the FinishedAt of the last exit that was looked at
	Crashed bool      // that exit is one of Crashes, so the start that follows waits for its back-off
	// Signalled: others had asked it to end, and the exit counts as a crash. If
	// the engine is gone before it is started again, it was the engine's own end
	// that asked, and it doesn't.
	Signalled bool

	Failures int         // calls that failed in a row
	NextCall time.Time   // not before
	Trouble  string      // why the last one failed, in words for a person
	Why      Reason      // the same in one word; empty with Trouble
	Refused  fingerprint // before it

	sight   sight
	health  health
	inquiry inquiry
	policy  policy
	parents parents
	exit    Exit // the last one that was seen; kept while it runs again

	// Lost are the networks that a start which failed took away, and that could
	// not be put back.
	Lost Lost

	Tried      fingerprint // before the last call that succeeded; zero: none to judge
	NoProgress int         // calls in a row that succeeded and changed nothing
}

// noProgressLimit is how many calls may succeed without any effect before the
// service is Stalled (kimdre/doco-cd#788: endless redeploys).
const noProgressLimit = 3

func (rec record) observe(l look) record {
	l.print, l.was = fingerprintOf(&l.is), rec.sight
	if l.flipped {
		rec = rec.forgiven()
		rec.Reached = false
	}
	if l.service.State == desired.Stopped {
		rec.Restart = false
	}
	if l.reborn {
		if rec.Signalled && l.is.FinishedAt.Equal(rec.Counted) {
			rec.Crashes, rec.Crashed = rec.Crashes-1, false
		}
		rec.Alive, rec.Unseen, rec.Signalled = false, "", false
	}
	rec.parents = rec.parents.look(&l)
	if rec.Unseen != "" {
		return rec
	}
	if l.changed() {
		rec.NoProgress = 0
	}
	rec.sight = rec.sight.look(&l)
	rec.health = rec.health.look(&l)
	rec.inquiry = rec.inquiry.look(&l)
	rec.policy = rec.policy.look(&l)
	rec.exit = rec.exit.last(ExitOf(l.is))
	if l.busy {
		return rec // what a call does is judged when it has returned
	}
	if rec.Unanswered {
		rec.Unanswered, rec.Restart = false, rec.Restart && !l.is.StartedAt.After(l.was.began)
	}
	if rec.Tried != (fingerprint{}) {
		if rec.Tried == l.print {
			rec.NoProgress++
		}
		rec.Tried = fingerprint{}
	}
	rec = rec.lived(&l)
	if rec.Trouble != "" && rec.Refused != l.print && l.asWanted() { // it came to be so without that call
		rec = rec.mended()
	}
	return rec
}

// lived draws the conclusions from whether the container lives: what ran and
// died without our doing has crashed, whoever stopped it.
func (rec record) lived(l *look) record {
	c := &l.is
	if c.State.Alive() {
		rec.Alive, rec.OwnStop, rec.Signalled = true, false, false
		rec.Reached = rec.Reached || l.wantsRun() && c.Running()
		if c.Running() && rec.health.well(rec.sight.since, l.now) >= l.service.RestartBackoff.ResetAfter {
			rec.Crashes = 0
		}
		return rec
	}
	rec.Reached = rec.Reached || !l.wantsRun() || l.done()
	if c.State == engine.StateExited && !c.FinishedAt.Equal(rec.Counted) {
		started := !l.fresh() && c.StartedAt.After(l.was.began)
		rec.Crashed = (rec.Alive || started) && !rec.OwnStop && l.wantsRun() && !l.done()
		if rec.Crashed {
			if c.FinishedAt.Sub(c.StartedAt) >= l.service.RestartBackoff.ResetAfter {
				rec.Crashes = 0
			}
			rec.Crashes++
			rec.Signalled = l.touched.After(c.StartedAt)
		}
		rec.Counted, rec.Alive, rec.OwnStop = c.FinishedAt, false, false
	}
	return rec
}

func (rec record) after(r Result, retry desired.Retry) record {
	does := r.Action.Verb.Traits()
	rec.Tried, rec.Unseen, rec.Refused, rec.Lost = fingerprint{}, "", fingerprintOf(&r.Before), r.Lost
	if r.Unseen {
		rec.Unseen = r.Action.Verb
	}
	switch {
	case r.Void && r.Err != nil: // the engine itself failed: not this container's fault, but don't hammer
		rec.tell(r.Why())
		rec.NextCall = r.Now.Add(retry.Initial)
		rec.Unanswered = rec.Restart && does.Renews()
	case r.Void:
	case r.Err != nil:
		rec.Failures++
		rec.tell(r.Why())
		rec.NextCall = r.Now.Add(jittered(doubling(retry.Initial, retry.Max, rec.Failures-1), r.Action.ID, rec.Failures))
		rec.made(does) // a failed restart is not repeated behind one's back
	default:
		rec = rec.mended()
		rec.Tried = fingerprintOf(&r.Before)
		rec.made(does)
		rec.Reached = true
		rec.OwnStop = does.Ends && !does.Begins
		if r.Action.Cause == CauseUnhealthy || r.Action.Cause == CauseParent {
			rec.Crashes++ // or it would be restarted each grace, or after each crash of its parent, for ever
		}
	}
	return rec
}

// made takes in that a restart which was asked for was made; another call under
// way when it was asked for is none.
func (rec *record) made(does engine.Traits) { rec.Restart = rec.Restart && !does.Renews() }

func (rec record) forgiven() record {
	rec = rec.mended()
	rec.Crashes, rec.Crashed, rec.Signalled = 0, false, false
	rec.NoProgress, rec.Tried = 0, fingerprint{}
	return rec
}

// mended forgets the calls that failed.
func (rec record) mended() record {
	rec.Failures, rec.NextCall, rec.Trouble, rec.Why = 0, time.Time{}, "", ""
	return rec
}

func (rec *record) tell(n Note) { rec.Why, rec.Trouble = n.Reason, n.Message }
