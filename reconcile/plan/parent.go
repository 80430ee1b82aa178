package plan

import (
	"fmt"
	"time"

	"reconciler/engine"
	"reconciler/reconcile/own"
)

// parentRuns is how long a container must have run before those that share its
// namespaces are restarted after it, unless it is healthy earlier
// (docs/state.md).
const parentRuns = 10 * time.Second

// pinned is what is remembered of a container whose namespace another one, its
// child, got when that was started. Times of the engine are compared with each
// other only, and only where the order of two starts was not seen.
type pinned struct {
	Run, Own time.Time // the StartedAt of the parent, and of the child, at the last look
	// Stale: the parent was started again since, so the child's namespace is one
	// that is gone.
	Stale bool
	// Since is when that was seen, by our clock; zero: it was so at the first look.
	Since time.Time
}

// look takes in that the parent runs.
func (p pinned) look(parent, child engine.Container, now time.Time) pinned {
	first := p.Own.IsZero()
	again, anew := !parent.StartedAt.Equal(p.Run), !child.StartedAt.Equal(p.Own)
	p.Run, p.Own = parent.StartedAt, child.StartedAt
	switch {
	case first:
		p.Stale = parent.StartedAt.After(child.StartedAt)
	case again:
		p.Stale, p.Since = !anew || parent.StartedAt.After(child.StartedAt), now
	case anew:
		p.Stale = false
	}
	return p
}

// parents are those of the container, by ID; what is known is not changed.
func parents(known map[string]pinned, c engine.Container, around own.Neighbours, now time.Time) map[string]pinned {
	if len(c.Shares) == 0 {
		return nil
	}
	all := make(map[string]pinned, len(c.Shares))
	for _, id := range c.Shares {
		pin := known[id]
		if p, ok := around.Container(id); ok && p.Running() {
			pin = pin.look(p, c, now)
		}
		all[id] = pin
	}
	return all
}

// parent decides about a container that runs, and shares the namespace of one
// that was started after it. ok is false where that is not so.
func (d *decision) parent(c engine.Container) (v verdict, ok bool) {
	rec := d.record(c)
	for _, id := range c.Shares {
		p, _ := d.around.Neighbours.Container(id)
		pin := rec.Parents[id]
		if !p.Running() || !pin.Stale {
			continue
		}
		v = verdict{Status: StatusRunning, idle: StatusRunning, asWanted: true}
		told := fmt.Sprintf("%s shares the namespace that %s had before it was started at %s; ", c.Name, p.Name, d.clock(p.StartedAt))
		if why := d.around.Self[c.ID]; why != "" {
			v.Unready = Note{ReasonParent, told + own.NotRestarted(c.Name, why)}
			return v, true
		}
		if pin.Since.IsZero() {
			v.Unready = Note{ReasonParent, told + "restart it: reconciler restart " + d.service.Name}
			return v, true
		}
		v.cause, v.asWanted = CauseParent, false
		due := pin.Since.Add(jittered(crashDelay(rec.Crashes+1, d.service.RestartBackoff), c.ID, rec.Crashes))
		if p.Health != engine.HealthHealthy {
			due = maxTime(due, pin.Since.Add(parentRuns))
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
