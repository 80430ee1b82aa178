package plan

import (
	"fmt"
	"time"

	"reconciler/engine"
)

// parentRuns is how long a container must have run before those that share its
// namespaces are restarted after it, unless it is healthy earlier
// (docs/state.md).
const parentRuns = 10 * time.Second

// parent decides about a container that runs, and shares the namespace of one
// that was started after it. ok is false where that is not so.
func (d *decision) parent(c engine.Container) (v verdict, ok bool) {
	rec := d.record(c)
	for _, id := range c.Shares {
		p, _ := d.around.Neighbours.Container(id)
		pin := rec.parents[id]
		if !p.Running() || !pin.stale {
			continue
		}
		v = verdict{Status: StatusRunning, idle: StatusRunning, asWanted: true}
		told := fmt.Sprintf("%s shares the namespace that %s had before it was started at %s; ", c.Name, p.Name, d.clock(p.StartedAt))
		if guard, guarded := d.around.Self[c.ID]; guarded {
			v.Unready = Note{ReasonParent, told + guard.Not(engine.VerbRestart, c.Name, d.around.Hands)}
			return v, true
		}
		if pin.since.IsZero() {
			v.Unready = Note{ReasonParent, told + "restart it: reconciler restart " + d.service.Name}
			return v, true
		}
		v.cause, v.asWanted = CauseParent, false
		due := pin.since.Add(jittered(crashDelay(rec.crashes.count+1, d.service.RestartBackoff), c.ID, rec.crashes.count))
		if p.Health != engine.HealthHealthy {
			due = maxTime(due, pin.since.Add(parentRuns))
		}
		if d.now.Before(due) {
			v.Status, v.next, v.attempt, v.untimed = StatusWaiting, due, due, true
			v.Reconciling = Note{ReasonParent, fmt.Sprintf("%s was started again at %s; %s shares its namespace, and is restarted at %s", p.Name, d.clock(p.StartedAt), c.Name, d.clock(due))}
			return v, true
		}
		if d.held(&v, c, engine.VerbRestart) {
			return v, true
		}
		if d.restarting() {
			v.Status, v.Reconciling = StatusWaiting, Note{ReasonParent, c.Name + " is restarted after the one that is being restarted"}
			return v, true
		}
		v.Status = StatusRestarting
		d.act(&v, Action{Verb: engine.VerbRestart, ID: c.ID, Container: c.Name, Cause: CauseParent},
			fmt.Sprintf("restarting %s, for %s, whose namespace it shares, was started again", c.Name, p.Name))
		return v, true
	}
	return verdict{}, false
}
