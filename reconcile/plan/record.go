package plan

import "reconciler/desired"

// record is what is remembered of one container: its concerns, none of which
// knows another. The zero value is that of a container that nobody has seen.
type record struct {
	sight   sight
	reached reached
	health  health
	inquiry inquiry
	policy  policy
	parents parents
	asked   asked
	call    call
	crashes crashes

	exit Exit // the last one that was seen; kept while it runs again
	// lost are the networks that a start which failed took away, and that could
	// not be put back.
	lost Lost
}

// observe takes in one look. The order of the concerns is set here and nowhere
// else; where it matters, it says why.
func (rec record) observe(l look) record {
	l.print, l.was = fingerprintOf(&l.is), rec.sight

	// What the file asks comes first: when it changes, it forgives what was, and
	// not what is seen now.
	if l.flipped {
		rec = rec.forgiven()
		rec.reached = false
	}
	if l.service.State == desired.Stopped {
		rec.asked = rec.asked.withdrawn()
	}
	// Then the engine's return, which was a look at everything: no call is unseen
	// any more, and nothing was seen alive since.
	if l.reborn {
		rec.crashes = rec.crashes.reborn(&l.is)
		rec.call.unseen = ""
	}
	// The parents are other containers, whatever can be seen of this one.
	rec.parents = rec.parents.look(&l)
	if rec.call.unseen != "" {
		return rec // the look is older than the call, and means nothing
	}

	rec.sight = rec.sight.look(&l)
	rec.health = rec.health.look(&l)
	rec.inquiry = rec.inquiry.look(&l)
	rec.policy = rec.policy.look(&l)
	rec.exit = rec.exit.last(ExitOf(l.is))
	rec.asked = rec.asked.look(&l)
	rec.call = rec.call.look(&l)
	rec.reached = rec.reached.look(&l)
	// How long it has been well is told by the sight and the health of now.
	rec.crashes = rec.crashes.look(&l, rec.health.well(rec.sight.since, l.now))
	return rec
}

// after takes in how a call ended, in any order.
func (rec record) after(r *Result, retry desired.Retry) record {
	rec.asked = rec.asked.after(r)
	rec.call = rec.call.after(r, retry)
	rec.reached = rec.reached.after(r)
	rec.crashes = rec.crashes.after(r)
	rec.lost = r.Lost
	return rec
}

// forgiven forgets all that makes the next call wait.
func (rec record) forgiven() record {
	rec.call = rec.call.forgiven()
	rec.crashes = rec.crashes.forgiven()
	return rec
}
