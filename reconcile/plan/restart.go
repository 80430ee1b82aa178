package plan

import (
	"fmt"

	"reconciler/engine"
)

// restarting reports whether a replica's requested restart is under way or
// decided: replicas are restarted one by one.
func (d *decision) restarting() bool {
	for _, v := range d.verdicts {
		if v.Action.Verb.Traits().Renews() {
			return true
		}
	}
	for _, verb := range d.around.InFlight {
		if verb.Traits().Renews() {
			return true
		}
	}
	for _, rec := range d.past.containers {
		if rec.call.unseen.Traits().Renews() {
			return true
		}
	}
	return false
}

func (d *decision) restart(c engine.Container) verdict {
	v := verdict{Status: StatusRestarting, idle: lives(c), cause: CauseRequested}
	if !c.State.Alive() && (d.gated(&v) || d.barred(&v, c)) {
		return v
	}
	if d.held(&v, c, engine.VerbRestart) {
		return v
	}
	d.act(&v, Action{Verb: engine.VerbRestart, ID: c.ID, Container: c.Name, Cause: v.cause}, fmt.Sprintf("restarting %s, as requested", c.Name))
	return v
}

// refuse gives up a restart that was asked for before the container was known to
// be one that is not restarted from here.
func (d *decision) refuse(c engine.Container) {
	rec := d.record(c)
	if guard, guarded := d.around.Self[c.ID]; guarded && rec.asked.pending() {
		rec.asked = rec.asked.withdrawn()
		rec.call = rec.call.refused(fingerprintOf(&c), Note{ReasonSelf, guard.Not(engine.VerbRestart, c.Name, d.around.Hands)})
		d.keep(c, rec)
	}
}
