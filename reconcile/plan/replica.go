package plan

import (
	"fmt"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

// replica decides about one wanted container. budget is what is left of the
// host's budget of crash restarts.
func (d *decision) replica(c engine.Container, budget *int) verdict {
	if v, busy := d.busy(c); busy {
		return v
	}
	if word := d.record(c).unknown(); word != "" {
		return muddled(c, word)
	}
	d.refuse(c)
	switch {
	case !c.State.Known():
		return d.strange(c)
	case c.State == engine.StateRemoving, c.State == engine.StateDead:
		return d.dying(c)
	case d.service.State == desired.Stopped && c.State.Alive():
		return d.stop(c, CauseRunning)
	case d.service.State == desired.Stopped:
		return verdict{Status: StatusStopped, idle: StatusStopped, asWanted: true, Message: c.Name + " is stopped, as wanted"}
	case d.record(c).asked.pending() && !d.restarting():
		return d.restart(c)
	}
	switch c.State {
	case engine.StateRunning:
		if v, stale := d.parent(c); stale {
			return v
		}
		if c.Health == engine.HealthUnhealthy && !d.record(c).health.old {
			return d.unhealthy(c, budget)
		}
		return d.running(c)
	case engine.StatePaused:
		return d.paused(c)
	case engine.StateRestarting:
		v := verdict{
			Status: StatusRestarting, idle: StatusRestarting,
			Reconciling: Note{ReasonEngine, fmt.Sprintf("the engine's own restart policy is restarting %s, %s", c.Name, ended(c))},
		}
		v.Unready, v.next = d.crashLoop(c)
		return v
	case engine.StateCreated, engine.StateExited:
		if d.service.Job && c.State == engine.StateExited && c.ExitCode == 0 {
			return verdict{Status: StatusCompleted, idle: StatusCompleted, asWanted: true, Message: c.Name + " finished with exit code 0"}
		}
		return d.start(c, budget)
	case engine.StateRemoving, engine.StateDead: // decided above
	}
	return d.strange(c)
}

func (d *decision) record(c engine.Container) record    { return d.past.containers[c.ID] }
func (d *decision) keep(c engine.Container, rec record) { d.past.containers[c.ID] = rec }

// busy is a container to which a call is under way, or was made and nobody could
// see yet what came of it: then it is looked at before anything else.
func (d *decision) busy(c engine.Container) (v verdict, ok bool) {
	if verb, ok := d.around.InFlight[d.target(c.ID)]; ok {
		return becoming(verb, fmt.Sprintf("%s of %s is under way", verb, c.Name)), true
	}
	rec := d.record(c)
	if rec.call.unseen == "" {
		return verdict{}, false
	}
	if !d.now.Before(rec.inquiry.asked.Add(d.service.Retry.Initial)) {
		d.lookAt(c)
	}
	v = becoming(rec.call.unseen, fmt.Sprintf("%s of %s was made, and what came of it can't be seen yet", rec.call.unseen, c.Name))
	v.next = d.record(c).inquiry.asked.Add(d.service.Retry.Initial)
	return v, true
}

// becoming is a replica about which nothing can be decided while a call does
// what the message says.
func becoming(verb engine.Verb, message string) verdict {
	v := verdict{Reconciling: Note{ReasonActing, message}}
	switch does := verb.Traits(); {
	case !verb.Known():
		v.Status = StatusUnknown
	case does.Renews():
		v.Status = StatusRestarting
	case does.Ends:
		v.Status = StatusStopping
	default:
		v.Status = StatusStarting
	}
	v.idle = v.Status
	return v
}

// dying is what the engine itself can't get rid of, or is about to.
func (d *decision) dying(c engine.Container) verdict {
	v := verdict{Status: StatusStopped, idle: StatusStopped}
	until := d.record(c).sight.since.Add(stuckAfter)
	switch {
	case c.State == engine.StateDead:
		v.Stalled = Note{ReasonStuck, d.around.Hands.Remove.After(c.Name+" is dead: the engine could not remove it; remove it by hand", c.Name)}
	case d.now.Before(until):
		v.Status, v.idle, v.next = StatusWaiting, StatusWaiting, until
		v.Reconciling = Note{ReasonRemoving, fmt.Sprintf("the engine is removing %s", c.Name)}
	default:
		v.Stalled = Note{ReasonStuck, fmt.Sprintf("the engine has been removing %s since %s; look at its log", c.Name, d.clock(d.record(c).sight.since))}
	}
	return v
}

// running is a container that should run, and does.
func (d *decision) running(c engine.Container) verdict {
	v := verdict{Status: StatusRunning, asWanted: true, Message: c.Name + " runs"}
	rec := d.record(c)
	old := rec.health.old
	v.Unready, v.next = d.crashLoop(c)
	if rec.crashes.count > 0 { // then they are forgotten
		v.next = earlier(v.next, rec.sight.since.Add(d.service.RestartBackoff.ResetAfter))
	}
	switch {
	case v.Unready.Reason != "":
	case c.Health == engine.HealthStarting:
		v.Status = StatusStarting
		v.Unready = Note{ReasonHealthStarting, c.Name + " runs; its health is not known yet"}
	case !slices.Contains(engine.Healths(), c.Health):
		v.Unready = Note{ReasonHealthStarting, fmt.Sprintf("%s runs; its health is %q, a word that is not known here", c.Name, c.Health)}
	case old:
		v.Message += "; its health is not known yet, since the engine came back"
	}
	if old {
		d.doubt(&v, c)
	}
	if d.service.Job {
		d.atWork(&v, c)
	}
	v.idle = v.Status
	return v
}

// atWork says that a job is not done yet.
func (d *decision) atWork(v *verdict, c engine.Container) {
	v.asWanted, v.untimed = false, true
	v.Reconciling = Note{ReasonJob, c.Name + " is at work"}
}

// paused is a container that should run and that somebody paused.
func (d *decision) paused(c engine.Container) verdict {
	if d.service.OnPaused == desired.PausedUnpause {
		v := verdict{Status: StatusStarting, idle: StatusPaused, cause: CausePaused}
		if d.held(&v, c, engine.VerbUnpause) {
			return v
		}
		d.act(&v, Action{Verb: engine.VerbUnpause, ID: c.ID, Container: c.Name, Cause: CausePaused}, "unpausing "+c.Name)
		return v
	}
	return verdict{
		Status: StatusPaused, idle: StatusPaused, cause: CausePaused, untimed: true,
		Unready: Note{ReasonPaused, d.around.Hands.Unpause.After(c.Name+" is paused; it goes on when it is unpaused", c.Name)},
	}
}

// stop is a container that should not run, and lives.
func (d *decision) stop(c engine.Container, cause Cause) verdict {
	v := verdict{Status: StatusStopping, idle: lives(c), cause: d.cause(c, cause)}
	if v, busy := d.busy(c); busy {
		return v
	}
	if guard, guarded := d.around.Self[c.ID]; guarded {
		v.Status = v.idle
		v.Stalled = Note{ReasonSelf, guard.Not(engine.VerbStop, c.Name, d.around.Hands)}
		return v
	}
	if c.AutoRemove {
		v.Status = v.idle
		v.Stalled = Note{ReasonWouldBeRemoved, d.around.Hands.Stop.After(fmt.Sprintf("stopping %s would remove it (it was run with --rm), "+
			"and nothing here could create it again; stop it by hand", c.Name), c.Name)}
		return v
	}
	if note := d.stopsAfter(); note.Reason != "" && v.cause != CauseSurplus {
		v.Status, v.Reconciling = StatusWaiting, note
		return v
	}
	if d.held(&v, c, engine.VerbStop) {
		return v
	}
	d.act(&v, Action{Verb: engine.VerbStop, ID: c.ID, Container: c.Name, Cause: v.cause}, "stopping "+c.Name)
	return v
}

// lives is the status of a container to which nothing is done.
func lives(c engine.Container) Status {
	switch c.State {
	case engine.StatePaused:
		return StatusPaused
	case engine.StateRestarting:
		return StatusRestarting
	case engine.StateRunning:
		return StatusRunning
	case engine.StateCreated, engine.StateExited, engine.StateRemoving, engine.StateDead:
		return StatusStopped
	}
	return StatusUnknown
}

// target names the replica whose container has that ID.
func (d *decision) target(id string) engine.Target {
	i := slices.IndexFunc(d.replicas, func(r own.Replica) bool { return r.Container.ID == id })
	return d.around.target(d.service, d.replicas[i].Number)
}

// act makes the verdict an action on the container with the action's ID, now; in
// a dry run, a word about it.
func (d *decision) act(v *verdict, a Action, message string) {
	a.Target = d.target(a.ID)
	if d.around.DryRun {
		v.Status, v.untimed = v.idle, true
		v.Reconciling = Note{ReasonDryRun, "nothing is done, this is a dry run; else: " + message}
		return
	}
	v.Action = a
	v.Reconciling = Note{ReasonActing, message}
	v.attempt = d.now
}

// cause is CauseIntent as long as the container has never been as the file
// asks since the file changed.
func (d *decision) cause(c engine.Container, drift Cause) Cause {
	if d.past.moved && !bool(d.record(c).reached) {
		return CauseIntent
	}
	return drift
}

// earlier is the earlier of two times, of which zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
