package plan

import (
	"fmt"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/engine"
)

// A container whose health is in doubt is looked at after firstLook, then ever
// less often, up to lastLook: no event tells that a healthcheck ended as the one
// before. After noCheck without any, that is a warning.
const (
	firstLook = 10 * time.Second
	lastLook  = 5 * time.Minute
	noCheck   = 2 * time.Minute
)

// doubt looks again and again at a container until it is seen that a
// healthcheck ended.
func (d *decision) doubt(v *verdict, c engine.Container) {
	due := func() time.Time {
		rec := d.record(c)
		last := rec.health.from
		if rec.inquiry.asked.After(last) {
			last = rec.inquiry.asked
		}
		return last.Add(min(max(last.Sub(rec.health.from), firstLook), lastLook))
	}
	if !d.now.Before(due()) {
		d.lookAt(c)
	}
	v.next = earlier(v.next, due())
	rec := d.record(c)
	switch warn := rec.health.from.Add(noCheck); {
	case !rec.health.old:
	case d.now.Before(warn):
		v.next = earlier(v.next, warn)
	default:
		d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf("no healthcheck of %s has ended since the engine came back at %s, so its health is not known; if it should have by now: reconciler restart %s",
			c.Name, d.clock(rec.health.from), d.service.Name))
	}
}

// unhealthy is a container that should run, runs, and fails its healthcheck.
// It is restarted only if it was healthy once: what never was has a fault that
// a restart doesn't mend (docs/state.md).
func (d *decision) unhealthy(c engine.Container, budget *int) verdict {
	v := verdict{Status: StatusUnhealthy, idle: StatusUnhealthy, asWanted: true}
	rec := d.record(c)
	fails := func(and string, args ...any) {
		v.Unready = Note{ReasonUnhealthy, c.Name + " runs, but its healthcheck fails" + fmt.Sprintf(and, args...)}
	}
	guard, guarded := d.around.Self[c.ID]
	switch {
	case d.service.Job:
		fails("; a job is left running")
		d.atWork(&v, c)
		return v
	case d.service.OnUnhealthy == desired.UnhealthyIgnore:
		fails("; it is left running, as on_unhealthy asks")
		return v
	case guarded:
		fails("; %s", guard.Not(engine.VerbRestart, c.Name, d.around.Hands))
		return v
	case !slices.Contains(d.past.Healthy, c.ID):
		v.Unready = Note{ReasonNeverHealthy, fmt.Sprintf("%s runs, and its healthcheck has not succeeded once; it is left running: look at %s", c.Name, d.log(c))}
		return v
	case rec.health.sick.IsZero():
		fails(", and nobody knows since when; if the next one fails too, and for %s, it is restarted, or at once by: reconciler restart %s", d.service.UnhealthyGrace, d.service.Name)
		d.doubt(&v, c)
		return v
	}
	due := rec.health.sick.Add(d.service.UnhealthyGrace + jittered(crashDelay(rec.crashes.count+1, d.service.RestartBackoff), c.ID, rec.crashes.count))
	next := d.certain(c, due)
	if next.IsZero() || rec.crashes.count > 0 {
		return d.cure(c, due, next, budget)
	}
	v.next, v.attempt = next, due
	fails(" since %s; it is restarted at %s if that stays so", d.clock(rec.health.sick), d.clock(due))
	return v
}

// certain returns when to decide again whether a restart that is due then is
// called for; zero: it is. The container is looked at before, for the event that
// it is well again may be lost.
func (d *decision) certain(c engine.Container, due time.Time) (next time.Time) {
	rec := d.record(c)
	switch {
	case d.now.Before(due):
		return due
	case !rec.inquiry.answered.Before(due):
		return time.Time{}
	case rec.inquiry.asked.Before(due) || !d.now.Before(rec.inquiry.asked.Add(firstLook)):
		d.lookAt(c)
	}
	return d.record(c).inquiry.asked.Add(firstLook)
}

// cure restarts the container, when its back-off and the host's budget allow.
// next: not now, but that is decided then.
func (d *decision) cure(c engine.Container, due, next time.Time, budget *int) verdict {
	v := verdict{Status: StatusUnhealthy, idle: StatusUnhealthy, cause: CauseUnhealthy}
	rec := d.record(c)
	switch {
	case d.held(&v, c, engine.VerbRestart):
	case !next.IsZero():
		v.Status, v.next, v.attempt = StatusBackingOff, next, due
		v.Reconciling = Note{ReasonBackOff, fmt.Sprintf("%s is unhealthy, after it ended or was restarted for it %d times in a row; next restart at %s", c.Name, rec.crashes.count, d.clock(due))}
	case d.restarting():
		v.Status, v.Reconciling = StatusWaiting, Note{ReasonActing, c.Name + " is unhealthy, and restarted after the one that is being restarted"}
	case *budget <= 0:
		v.Status, v.next, v.attempt, v.untimed = StatusWaiting, d.around.Budget.Next, d.around.Budget.Next, true
		v.Reconciling = Note{ReasonBudget, c.Name + ", which is unhealthy, waits: too many containers of this host crash at once"}
	default:
		*budget--
		v.Status = StatusRestarting
		d.act(&v, Action{Verb: engine.VerbRestart, ID: c.ID, Container: c.Name, Cause: CauseUnhealthy, Crash: true},
			fmt.Sprintf("restarting %s, which is unhealthy since %s", c.Name, d.clock(rec.health.sick)))
	}
	return v
}
