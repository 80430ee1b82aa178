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
// that was started after it: its network is one that is gone. ok is false where
// that is not so.
func (d *decision) parent(c engine.Container) (v verdict, ok bool) {
	for _, id := range c.Shares {
		p, known := d.around.Neighbours.byID[id]
		if !known || !p.Running() || !p.StartedAt.After(c.StartedAt) {
			continue
		}
		v = verdict{Status: StatusRunning, idle: StatusRunning, runs: true}
		if why := d.around.Self[c.ID]; why != "" {
			v.Unready = Note{ReasonParent, fmt.Sprintf("%s shares the namespace that %s had before it was started at %s; %s",
				c.Name, p.Name, d.clock(p.StartedAt), NotRestarted(c.Name, why))}
			return v, true
		}
		if !p.StartedAt.After(d.around.Since) {
			v.Unready = Note{ReasonParent, fmt.Sprintf("%s shares the namespace that %s had before it was started at %s; restart it: reconciler restart %s",
				c.Name, p.Name, d.clock(p.StartedAt), d.service.Name)}
			return v, true
		}
		v.cause, v.runs = CauseParent, false
		if due := p.StartedAt.Add(parentRuns); d.now.Before(due) && p.Health != engine.HealthHealthy {
			v.Status, v.next, v.attempt, v.gated = StatusWaiting, due, due, true
			v.Reconciling = Note{ReasonParent, fmt.Sprintf("%s was started again at %s; %s shares its namespace, and is restarted at %s", p.Name, d.clock(p.StartedAt), c.Name, d.clock(due))}
			return v, true
		}
		if d.held(&v, c, Restart) || d.restarting() {
			return v, true
		}
		v.Status = StatusRestarting
		d.act(&v, Action{Verb: Restart, ID: c.ID, Container: c.Name, Cause: CauseParent},
			fmt.Sprintf("restarting %s, for %s, whose namespace it shares, was started again", c.Name, p.Name))
		return v, true
	}
	return verdict{}, false
}
