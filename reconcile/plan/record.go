package plan

import (
	"time"

	"reconciler/desired"
	"reconciler/engine"
)

// record is what is remembered of one container.
type record struct {
	Seen  bool      // it was looked at
	Look  string    // the fingerprint of the last look
	Since time.Time // when it was first seen so, by our clock
	// Reached: it has been as wanted since the intent last changed.
	Reached bool
	// Alive: it was seen alive within this view, and Began is its StartedAt at
	// the last look. Only what lived can crash, and what was started since then
	// did; what is found dead after a boot didn't.
	Alive bool
	Began time.Time
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

	Failures int       // calls that failed in a row
	NextCall time.Time // not before
	Trouble  string    // why the last one failed, in words for a person
	Why      Reason    // the same in one word; empty with Trouble
	Refused  string    // the fingerprint before it

	Parents map[string]pinned // whose namespaces it shares, by ID; mostly nil, never changed in place

	probed
	looping
	Exit Exit // the last one that was seen; kept while it runs again

	// Lost are the networks that a start which failed took away, and that could
	// not be put back.
	Lost Lost

	Tried      string // the fingerprint before the last call that succeeded; empty: none to judge
	NoProgress int    // calls in a row that succeeded and changed nothing
}

// noProgressLimit is how many calls may succeed without any effect before the
// service is Stalled (kimdre/doco-cd#788: endless redeploys).
const noProgressLimit = 3

// look is one look at one of a service's containers.
type look struct {
	service desired.Service
	now     time.Time
	flipped bool      // the intent changed since the last one
	reborn  bool      // nobody looked in between
	busy    bool      // a call of ours is under way
	touched time.Time // when others last sent it a signal that asks it to end
}

func (rec record) observe(c engine.Container, l look) record {
	print := fingerprint(c)
	if l.flipped {
		rec = rec.forgiven()
		rec.Reached = false
	}
	if l.service.State == desired.Stopped {
		rec.Restart = false
	}
	if l.reborn {
		if rec.Signalled && c.FinishedAt.Equal(rec.Counted) {
			rec.Crashes, rec.Crashed = rec.Crashes-1, false
		}
		rec.Alive, rec.Unseen, rec.Signalled = false, "", false
	}
	if rec.Unseen != "" {
		return rec
	}
	if rec.Unanswered && !l.busy {
		rec.Unanswered, rec.Restart = false, rec.Restart && !c.StartedAt.After(rec.Began)
	}
	if !rec.Seen || l.reborn {
		rec.Began = c.StartedAt
	}
	if print != rec.Look {
		rec.Look, rec.Since, rec.NoProgress = print, l.now, 0
	}
	rec.probed = rec.probe(c, l)
	rec.looping = rec.loop(c, !rec.Seen || l.reborn, l.now)
	rec.Exit = rec.Exit.last(ExitOf(c))
	rec.Seen = true
	if l.busy {
		return rec // what a call does is judged when it has returned
	}
	if rec.Tried != "" {
		if rec.Tried == print {
			rec.NoProgress++
		}
		rec.Tried = ""
	}
	rec = rec.lived(c, l)
	rec.Began = c.StartedAt
	if rec.Trouble != "" && rec.Refused != print && l.wanted(c) { // it came to be so without that call
		rec = rec.mended()
	}
	return rec
}

// wanted reports whether the container is in the state that the file asks for.
func (l look) wanted(c engine.Container) bool {
	if l.service.State == desired.Stopped {
		return c.State.Known() && !c.State.Alive()
	}
	return c.Running()
}

// lived draws the conclusions from whether the container lives: what ran and
// died without our doing has crashed, whoever stopped it.
func (rec record) lived(c engine.Container, l look) record {
	wantRun := l.service.State == desired.Running || l.service.State == desired.Completed
	done := l.service.Job && c.State == engine.StateExited && c.ExitCode == 0
	if c.State.Alive() {
		rec.Alive, rec.OwnStop, rec.Signalled = true, false, false
		rec.Reached = rec.Reached || wantRun && c.Running()
		well := l.now // until then
		if !rec.Sick.IsZero() {
			well = rec.Sick
		}
		if c.Running() && well.Sub(rec.Since) >= l.service.RestartBackoff.ResetAfter {
			rec.Crashes = 0
		}
		return rec
	}
	rec.Reached = rec.Reached || !wantRun || done
	if c.State == engine.StateExited && !c.FinishedAt.Equal(rec.Counted) {
		rec.Crashed = (rec.Alive || c.StartedAt.After(rec.Began)) && !rec.OwnStop && wantRun && !done
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
	rec.Tried, rec.Unseen, rec.Refused, rec.Lost = "", "", fingerprint(r.Before), r.Lost
	if r.Unseen {
		rec.Unseen = r.Action.Verb
	}
	switch {
	case r.Void && r.Err != nil: // the engine itself failed: not this container's fault, but don't hammer
		rec.tell(failed(r))
		rec.NextCall = r.Now.Add(retry.Initial)
		rec.Unanswered = rec.Restart && does.Renews()
	case r.Void:
	case r.Err != nil:
		rec.Failures++
		rec.tell(failed(r))
		rec.NextCall = r.Now.Add(jittered(doubling(retry.Initial, retry.Max, rec.Failures-1), r.Action.ID, rec.Failures))
		rec.made(does) // a failed restart is not repeated behind one's back
	default:
		rec = rec.mended()
		rec.Tried = fingerprint(r.Before)
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
	rec.NoProgress, rec.Tried = 0, ""
	return rec
}

// mended forgets the calls that failed.
func (rec record) mended() record {
	rec.Failures, rec.NextCall, rec.Trouble, rec.Why = 0, time.Time{}, "", ""
	return rec
}

func (rec *record) tell(n Note) { rec.Why, rec.Trouble = n.Reason, n.Message }

// fingerprint tells two looks at a container apart exactly when something
// happened in between that a start or stop would make happen.
func fingerprint(c engine.Container) string {
	return string(c.State) + c.StartedAt.UTC().Format(time.RFC3339Nano) + c.FinishedAt.UTC().Format(time.RFC3339Nano)
}
