package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

// conclude draws one plan from the decisions about each replica.
func (d *decision) conclude(replicas []own.Replica) Plan {
	p := &d.plan
	d.count(replicas)
	all := slices.Concat(d.verdicts, d.surplus)
	p.Converged = true
	untimed := false
	for _, v := range all {
		if v.Action.Verb != "" {
			p.Actions = append(p.Actions, v.Action)
		}
		p.Cause = cmp.Or(p.Cause, v.cause)
		p.Next = earlier(p.Next, v.next)
		p.NextAttempt = earlier(p.NextAttempt, v.attempt)
		p.Queued = p.Queued || v.Reconciling.Reason == ReasonBudget
		untimed = untimed || v.untimed
		if !v.asWanted || v.Reconciling.Reason != "" || v.Stalled.Reason != "" {
			p.Converged = false
		}
	}
	worst := d.worst()
	p.Status, p.Message = worst.Status, d.message(worst)
	p.Reconciling = first(worst, all, func(v verdict) Note { return v.Reconciling })
	p.Stalled = first(worst, all, func(v verdict) Note { return v.Stalled })
	if want := d.service.At(d.now); want.Held {
		d.suspend(want)
		untimed = true
	}
	d.deadline(untimed)
	d.ready()
	p.Past = d.past
	return d.plan
}

// count sums up the replicas.
func (d *decision) count(replicas []own.Replica) {
	for _, r := range replicas {
		rec := d.record(r.Container)
		d.plan.Failures = max(d.plan.Failures, rec.crashes.count, rec.call.failures, rec.call.vain)
		d.plan.Trouble = cmp.Or(d.plan.Trouble, rec.call.trouble.Message)
		d.plan.Exit = d.plan.Exit.last(rec.exit)
		if !r.Container.Running() {
			continue
		}
		d.plan.Running++
		if h := r.Container.Health; h == engine.HealthNone || h == engine.HealthHealthy || h == engine.HealthUnhealthy && rec.health.old {
			d.plan.ReadyCount++
		}
	}
	if d.service.State == desired.Running {
		d.plan.Desired = d.wanted(len(replicas))
		return
	}
	for _, v := range d.verdicts { // a job is wanted until it is done
		if d.service.Job && d.service.State == desired.Completed && !v.asWanted {
			d.plan.Desired = 1
		}
	}
}

// worstFirst is the order in which a replica's status stands for the service:
// the one in which they are listed, but what is stopped is as wanted only where
// that is wanted; elsewhere it comes before what runs, ill or well.
func worstFirst(want desired.State) []Status {
	all := Statuses()
	if want == desired.Stopped {
		return all
	}
	all = slices.DeleteFunc(all, func(s Status) bool { return s == StatusStopped })
	return slices.Insert(all, slices.Index(all, StatusUnhealthy), StatusStopped)
}

// worst is the replica that stands for the service; where there is none, that
// is as wanted too.
func (d *decision) worst() verdict {
	if len(d.verdicts) == 0 {
		return verdict{Status: StatusAbsent, idle: StatusAbsent, asWanted: true, Message: "stopped, as wanted: it has no container"}
	}
	order := worstFirst(d.service.State)
	return slices.MinFunc(d.verdicts, func(a, b verdict) int {
		return cmp.Compare(slices.Index(order, a.Status), slices.Index(order, b.Status))
	})
}

func (d *decision) message(v verdict) string {
	switch {
	case v.Stalled.Reason != "":
		return v.Stalled.Message
	case v.Reconciling.Reason != "":
		return v.Reconciling.Message
	case v.Unready.Reason != "":
		return v.Unready.Message
	case len(d.verdicts) > 1:
		return fmt.Sprintf("all %d containers are %s, as wanted", len(d.verdicts), v.Status)
	}
	return v.Message
}

// first is the worst verdict's note, else that of the first verdict that has one.
func first(worst verdict, all []verdict, note func(verdict) Note) Note {
	if n := note(worst); n.Reason != "" {
		return n
	}
	for _, v := range all {
		if n := note(v); n.Reason != "" {
			return n
		}
	}
	return Note{}
}

// suspend takes every action out of the plan; what it says of the world stays.
func (d *decision) suspend(s desired.Intent) {
	p := &d.plan
	p.Suspended, p.Queued, p.Actions, p.Look, p.Next, p.NextAttempt = true, false, nil, nil, s.Until, time.Time{}
	p.Reconciling = Note{}
	for i := range d.verdicts {
		d.verdicts[i].Status = d.verdicts[i].idle
	}
	if len(d.verdicts) > 0 {
		p.Status = d.worst().Status
	}
	var b strings.Builder
	b.WriteString("suspended")
	if !s.Until.IsZero() {
		b.WriteString(" until " + s.Until.Format(time.RFC3339))
	}
	if s.By != "" {
		b.WriteString(" by " + s.By)
	}
	if s.Reason != "" {
		b.WriteString(": " + s.Reason)
	}
	p.Message = b.String()
	if p.Stalled.Reason != "" {
		p.Message += "; " + p.Stalled.Message
	}
}

// deadline turns a lack of success that lasts too long into Stalled. It goes
// on trying.
func (d *decision) deadline(untimed bool) {
	p := &d.plan
	if p.Converged || untimed {
		d.past.unconverged = time.Time{}
		return
	}
	if d.past.unconverged.IsZero() {
		d.past.unconverged = d.now
	}
	due := d.past.unconverged.Add(d.service.ProgressDeadline)
	switch {
	case p.Stalled.Reason != "": // for a better reason
	case d.now.Before(due):
		p.Next = earlier(p.Next, due)
	default:
		why := cmp.Or(p.Trouble, p.Message)
		p.Stalled = Note{ReasonProgress, fmt.Sprintf("not as wanted for %s, still trying: %s", d.service.ProgressDeadline, why)}
		p.Message = p.Stalled.Message
	}
}

// ready says whether the service is of use, and if not, why.
func (d *decision) ready() {
	p := &d.plan
	p.Ready = Note{ReasonAsWanted, p.Message}
	for _, v := range d.verdicts {
		switch {
		case v.Unready.Reason != "":
			p.Ready = v.Unready
		case !v.asWanted && d.service.State != desired.Stopped:
			p.Ready = Note{ReasonNotConverged, p.Message}
		}
	}
	if d.service.State == desired.Stopped && !p.Converged {
		p.Ready = Note{ReasonNotConverged, p.Message}
	}
	if p.Ready.Reason != ReasonNotConverged {
		return
	}
	switch {
	case p.Suspended:
		p.Ready.Reason = ReasonSuspended
	case p.Stalled.Reason != "":
		p.Ready = p.Stalled
	case p.Reconciling.Reason != "":
		p.Ready = p.Reconciling
	}
}
