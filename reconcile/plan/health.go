package plan

import (
	"fmt"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

// A container whose health is in doubt is looked at after firstLook, then ever
// less often, up to lastLook: no event tells that a healthcheck ended as the one
// before. After noCheck without any, that is a warning.
const (
	firstLook = 10 * time.Second
	lastLook  = 5 * time.Minute
	noCheck   = 2 * time.Minute
)

// probed is what a record keeps of the healthcheck of a container that runs.
// The zero value: it doesn't run, or was not looked at.
//
// A result counts only if its healthcheck ended after one that was seen before:
// what was read before the engine went away may be long past, and the engine
// says unhealthy of what is paused, until the next one. Times of the engine are
// compared with each other only, never with our clock.
type probed struct {
	Run time.Time // its StartedAt
	// From is the first look at this run within this view, or the last one at
	// which it was known not to be unhealthy; by our clock. Base is when the
	// healthcheck ended that was the last one then.
	From, Base time.Time
	// Old: no healthcheck was seen to end since the engine came back, so its
	// health isn't known.
	Old bool
	// Sick is since when it is unhealthy without interruption, by our clock.
	// Zero: it isn't, or nobody knows.
	Sick time.Time
	// Asked is when a look was last asked for, and Looked from when on the last
	// one that succeeded is; zero: none.
	Asked, Looked time.Time
}

// probe takes in one look at a container that runs or not.
func (p probed) probe(c engine.Container, l look) probed {
	known := !p.From.IsZero() && c.StartedAt.Equal(p.Run)
	switch {
	case !c.Running(): // the engine calls it unhealthy then, whatever it was
		return probed{}
	case !known, l.reborn:
		return probed{Run: c.StartedAt, From: l.now, Base: c.HealthAt, Old: known && c.Health != engine.HealthNone}
	}
	ended := c.HealthAt.After(p.Base)
	p.Old = p.Old && !ended
	switch {
	case p.Old:
	case c.Health != engine.HealthUnhealthy:
		p.From, p.Base, p.Sick = l.now, c.HealthAt, time.Time{}
	case ended && p.Sick.IsZero():
		p.Sick = l.now
	}
	return p
}

// lookAt asks for a look at the container.
func (d *decision) lookAt(c engine.Container) {
	rec := d.record(c)
	rec.Asked = d.now
	d.past.containers[c.ID] = rec
	d.plan.Look = append(d.plan.Look, c.ID)
}

// doubt looks again and again at a container until it is seen that a
// healthcheck ended.
func (d *decision) doubt(v *verdict, c engine.Container) {
	due := func() time.Time {
		rec := d.record(c)
		last := rec.From
		if rec.Asked.After(last) {
			last = rec.Asked
		}
		return last.Add(min(max(last.Sub(rec.From), firstLook), lastLook))
	}
	if !d.now.Before(due()) {
		d.lookAt(c)
	}
	v.next = earlier(v.next, due())
	rec := d.record(c)
	switch warn := rec.From.Add(noCheck); {
	case !rec.Old:
	case d.now.Before(warn):
		v.next = earlier(v.next, warn)
	default:
		d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf("no healthcheck of %s has ended since the engine came back at %s, so its health is not known; if it should have by now: reconciler restart %s",
			c.Name, d.clock(rec.From), d.service.Name))
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
	switch {
	case d.service.Job:
		fails("; a job is left running")
		d.atWork(&v, c)
		return v
	case d.service.OnUnhealthy == desired.UnhealthyIgnore:
		fails("; it is left running, as on_unhealthy asks")
		return v
	case d.around.Self[c.ID] != "":
		fails("; %s", own.NotRestarted(c.Name, d.around.Self[c.ID]))
		return v
	case !slices.Contains(d.past.Healthy, c.ID):
		v.Unready = Note{ReasonNeverHealthy, fmt.Sprintf("%s runs, and its healthcheck has not succeeded once; it is left running: look at %s", c.Name, engine.HandLogs.On(c.Name))}
		return v
	case rec.Sick.IsZero():
		fails(", and nobody knows since when; if the next one fails too, and for %s, it is restarted, or at once by: reconciler restart %s", d.service.UnhealthyGrace, d.service.Name)
		d.doubt(&v, c)
		return v
	}
	due := rec.Sick.Add(d.service.UnhealthyGrace + jittered(crashDelay(rec.Crashes+1, d.service.RestartBackoff), c.ID, rec.Crashes))
	next := d.certain(c, due)
	if next.IsZero() || rec.Crashes > 0 {
		return d.cure(c, due, next, budget)
	}
	v.next, v.attempt = next, due
	fails(" since %s; it is restarted at %s if that stays so", d.clock(rec.Sick), d.clock(due))
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
	case !rec.Looked.Before(due):
		return time.Time{}
	case rec.Asked.Before(due) || !d.now.Before(rec.Asked.Add(firstLook)):
		d.lookAt(c)
	}
	return d.record(c).Asked.Add(firstLook)
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
		v.Reconciling = Note{ReasonBackOff, fmt.Sprintf("%s is unhealthy, after it ended or was restarted for it %d times in a row; next restart at %s", c.Name, rec.Crashes, d.clock(due))}
	case d.restarting():
		v.Status, v.Reconciling = StatusWaiting, Note{ReasonActing, c.Name + " is unhealthy, and restarted after the one that is being restarted"}
	case *budget <= 0:
		v.Status, v.next, v.attempt, v.untimed = StatusWaiting, d.around.Budget.Next, d.around.Budget.Next, true
		v.Reconciling = Note{ReasonBudget, c.Name + ", which is unhealthy, waits: too many containers of this host crash at once"}
	default:
		*budget--
		v.Status = StatusRestarting
		d.act(&v, Action{Verb: engine.VerbRestart, ID: c.ID, Container: c.Name, Cause: CauseUnhealthy, Crash: true},
			fmt.Sprintf("restarting %s, which is unhealthy since %s", c.Name, d.clock(rec.Sick)))
	}
	return v
}
