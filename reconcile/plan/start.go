package plan

import (
	"fmt"
	"time"

	"reconciler/engine"
)

// start is a container that should run, and doesn't: whether it may be started
// now, and if not, why and when.
func (d *decision) start(c engine.Container, budget *int) verdict {
	v := verdict{Status: StatusStarting, idle: StatusStopped, cause: d.cause(c, CauseExited)}
	if v.cause == CauseExited && c.State == engine.StateCreated {
		v.cause = CauseCreated
	}
	rec := d.record(c)
	if d.gated(&v) {
		return v
	}
	var due time.Time // when the back-off ends; zero: there is none
	if rec.crashes.crashed() {
		due = rec.sight.since.Add(jittered(crashDelay(rec.crashes.count, d.service.RestartBackoff), c.ID, rec.crashes.count))
	}
	if until, message := d.settle(c, due); d.now.Before(until) {
		v.Status, v.next, v.attempt, v.untimed = StatusWaiting, until, until, true
		v.Reconciling = Note{ReasonSettle, message}
		return v
	}
	if d.barred(&v, c) || d.held(&v, c, engine.VerbStart) {
		return v
	}
	if d.now.Before(due) {
		v.Status, v.next, v.attempt = StatusBackingOff, due, due
		v.Reconciling = Note{ReasonBackOff, fmt.Sprintf("%s, %s, ended %d times in a row; next start at %s", c.Name, ended(c), rec.crashes.count, d.clock(due))}
		return v
	}
	a := Action{Verb: engine.VerbStart, ID: c.ID, Container: c.Name, Cause: v.cause, Crash: rec.crashes.crashed()}
	if a.Crash {
		if *budget <= 0 {
			v.Status, v.next, v.attempt, v.untimed = StatusWaiting, d.around.Budget.Next, d.around.Budget.Next, true
			v.Reconciling = Note{ReasonBudget, fmt.Sprintf("%s, %s, waits: too many containers of this host crash at once", c.Name, ended(c))}
			return v
		}
		*budget--
	}
	d.act(&v, a, fmt.Sprintf("starting %s, %s", c.Name, ended(c)))
	return v
}

// settle says until when somebody else may still be at work on the container,
// so that Compose, a hand and a host's shutdown are not raced. Zero: nobody is.
// What it tells is when the container starts, which is not before due.
func (d *decision) settle(c engine.Container, due time.Time) (time.Time, string) {
	var until time.Time
	message := ""
	if c.State == engine.StateCreated {
		if seen, ok := d.around.Seen[c.ID]; ok && seen.After(d.past.hurry) {
			until = seen.Add(d.service.Settle)
			message = fmt.Sprintf("somebody created %s at %s and may be about to start it; starting it at %s", c.Name, d.clock(seen), d.clock(until))
		}
	}
	if t, ok := d.around.Touched[c.ID]; ok && t.Last.After(d.past.hurry) {
		last := t.Last
		if last.After(c.StartedAt) && last.After(d.around.Since) { // a stop takes as long as the program does
			last = maxTime(last, d.record(c).sight.since)
		}
		if touched := minTime(last.Add(d.service.Settle), t.First.Add(settleLimit)); touched.After(until) {
			until = touched
			message = fmt.Sprintf("somebody else stopped %s at %s; starting it again at %s. To keep it stopped: reconciler stop %s",
				c.Name, d.clock(t.Last), d.clock(maxTime(until, due)), d.service.Name)
		}
	}
	return until, message
}

// held reports, and writes into the verdict, whether a call must wait because
// the last one failed, or is pointless because it changes nothing.
func (d *decision) held(v *verdict, c engine.Container, verb engine.Verb) bool {
	switch last := d.record(c).call; last.state {
	case callNothing, callReturned:
		return false
	case callFailed:
		if !d.now.Before(last.until) {
			return false
		}
		v.Status, v.next, v.attempt = StatusBackingOff, last.until, last.until
		v.Reconciling = Note{last.trouble.Reason, fmt.Sprintf("%s; next attempt at %s", last.trouble.Message, d.clock(last.until))}
	case callInVain:
		v.Status = v.idle
		v.Stalled = Note{ReasonNoProgress, fmt.Sprintf("the engine accepted %d times to %s %s, and nothing changed; it is tried again when something does, or at once by: reconciler %[2]s %[4]s",
			last.vain, verb, c.Name, d.service.Name)}
	default:
		*v = muddled(c, string(last.state))
	}
	return true
}

// barred writes into the verdict that nothing may be started: an orphan has what
// the container needs, or a start would leave it without its networks.
func (d *decision) barred(v *verdict, c engine.Container) bool {
	switch o, blocked := d.inTheWay[c.ID]; {
	case blocked:
		v.Stalled = Note{ReasonOrphan, o.Message(c.Name, d.around.Hands)}
	case c.Unplugged || len(engine.Missing(d.record(c).lost.Networks, c.Networks)) > 0:
		v.Stalled = Note{ReasonNetworkLost, d.unplugged(c)}
	default:
		return false
	}
	v.Status = v.idle
	return true
}

// unplugged says why a container may not be started that a failed start has cost
// its networks, or one of them.
func (d *decision) unplugged(c engine.Container) string {
	rec := d.record(c)
	why, lost := rec.call.trouble.Message, ""
	if why == "" {
		why = fmt.Sprintf("%s can't start: %s", c.Name, engine.Excerpt(c.Error))
	}
	if rec.lost.Why != nil {
		lost = fmt.Sprintf(", which could not be put back (%s)", engine.Excerpt(rec.lost.Why.Error()))
	}
	return fmt.Sprintf("%s. That start has cost it its networks (moby#51758)%s, and it would run without them; mend that, then: %s", why, lost, anew(c, d.around.Hands))
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func maxTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
