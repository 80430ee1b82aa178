package plan

import (
	"fmt"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/engine"
)

// probed is what a record keeps of the healthcheck. The zero value: nothing
// was seen yet.
type probed struct {
	Health engine.Health // at the last look at it while it ran
	// Sick is since when it is unhealthy without interruption, by our clock.
	// Zero: it isn't, or nobody saw it become so: what is unhealthy at the
	// first look, or when the engine came back, may have been read long before.
	Sick time.Time
}

// probe takes in one look at a container that runs or not.
func (p probed) probe(c engine.Container, l look) probed {
	switch {
	case !c.Running(): // the engine calls it unhealthy then, whatever it was
		return probed{}
	case l.reborn:
		p.Sick = time.Time{}
	case c.Health == p.Health:
	case c.Health != engine.HealthUnhealthy:
		p.Sick = time.Time{}
	case p.Health != engine.HealthNone:
		p.Sick = l.now
	}
	p.Health = c.Health
	return p
}

// unhealthy is a container that should run, runs, and fails its healthcheck.
// It is restarted only if it was healthy once: what never was has a fault that
// a restart doesn't mend (docs/state.md).
func (d *decision) unhealthy(c engine.Container, budget *int) verdict {
	v := verdict{Status: StatusUnhealthy, idle: StatusUnhealthy, runs: true}
	rec := d.record(c)
	due := rec.Sick.Add(d.service.UnhealthyGrace + jittered(crashDelay(rec.Crashes+1, d.service.RestartBackoff), c.ID, rec.Crashes))
	switch {
	case d.service.Job:
		v = d.running(c)
		v.Status, v.idle = StatusUnhealthy, StatusUnhealthy
		v.Unready = Note{ReasonUnhealthy, c.Name + " runs, but its healthcheck fails; a job is left running"}
	case d.around.Self[c.ID] != "":
		v.Unready = Note{ReasonUnhealthy, fmt.Sprintf("%s runs, but its healthcheck fails; it is %s, and not restarted from here", c.Name, d.around.Self[c.ID])}
	case d.service.OnUnhealthy == desired.UnhealthyIgnore:
		v.Unready = Note{ReasonUnhealthy, c.Name + " runs, but its healthcheck fails; it is left running, as on_unhealthy asks"}
	case !slices.Contains(d.past.Healthy, c.ID):
		v.Unready = Note{ReasonNeverHealthy, fmt.Sprintf("%s runs, and its healthcheck has not succeeded once; it is left running: look at docker logs %[1]s", c.Name)}
	case rec.Sick.IsZero():
		v.Unready = Note{ReasonUnhealthy, fmt.Sprintf("%s runs, but its healthcheck fails, and nobody saw since when; it is left running until that changes, or: reconciler restart %s", c.Name, d.service.Name)}
	case d.now.Before(due) && rec.Crashes == 0:
		v.next, v.attempt = due, due
		v.Unready = Note{ReasonUnhealthy, fmt.Sprintf("%s runs, but its healthcheck fails since %s; it is restarted at %s if that stays so", c.Name, d.clock(rec.Sick), d.clock(due))}
	default:
		return d.cure(c, due, budget)
	}
	return v
}

// cure restarts the container, when its back-off and the host's budget allow.
func (d *decision) cure(c engine.Container, due time.Time, budget *int) verdict {
	v := verdict{Status: StatusUnhealthy, idle: StatusUnhealthy, cause: CauseUnhealthy}
	rec := d.record(c)
	switch {
	case d.held(&v, c, Restart):
	case d.now.Before(due):
		v.Status, v.next, v.attempt = StatusBackingOff, due, due
		v.Reconciling = Note{ReasonBackOff, fmt.Sprintf("%s is unhealthy, after %d restarts for it; next restart at %s", c.Name, rec.Crashes, d.clock(due))}
	case d.restarting():
		v.Status, v.Reconciling = StatusWaiting, Note{ReasonActing, c.Name + " is unhealthy, and restarted after the one that is being restarted"}
	case *budget <= 0:
		v.Status, v.next, v.attempt, v.gated = StatusWaiting, d.around.Budget.Next, d.around.Budget.Next, true
		v.Reconciling = Note{ReasonBudget, c.Name + ", which is unhealthy, waits: too many containers of this host crash at once"}
	default:
		*budget--
		v.Status = StatusRestarting
		d.act(&v, Action{Verb: Restart, ID: c.ID, Container: c.Name, Cause: CauseUnhealthy, Crash: true},
			fmt.Sprintf("restarting %s, which is unhealthy since %s", c.Name, d.clock(rec.Sick)))
	}
	return v
}

// A container that the engine's own policy restarts so often within that time
// crashes in a loop (docs/state.md).
const (
	loopRestarts = 3
	loopWindow   = 10 * time.Minute
)

// looped takes in how often the engine restarted the container, and returns
// when it did lately, as far as it was seen.
func looped(seen []time.Time, restarts int, l look) []time.Time {
	var lately []time.Time
	for _, at := range seen {
		if l.now.Sub(at) < loopWindow {
			lately = append(lately, at)
		}
	}
	for range min(restarts, loopRestarts) {
		lately = append(lately, l.now)
	}
	return lately[max(0, len(lately)-loopRestarts):]
}

// crashLoop is the note of a container that the engine restarts in a loop, and
// when to look again; zero: it doesn't.
func (d *decision) crashLoop(c engine.Container) (Note, time.Time) {
	loops := d.record(c).Loops
	if len(loops) < loopRestarts {
		return Note{}, time.Time{}
	}
	return Note{ReasonCrashLoop, fmt.Sprintf("%s crashes in a loop: the engine's own restart policy has restarted it %d times, last with exit code %d; look at docker logs %[1]s",
		c.Name, c.Restarts, c.ExitCode)}, loops[0].Add(loopWindow)
}
