package reconcile

import (
	"cmp"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/driver"
	"reconciler/reconcile/plan"
)

// publish makes the plan the service's status and returns what is worth
// telling; the caller holds r.mu.
func (r *Reconciler) publish(snap desired.Snapshot, s desired.Service, d driver.Decision) []Event {
	e, p := r.entry(snap.Document.Key(s.Name)), d.Plan
	now := r.opt.Now()
	was := *e
	n := base(snap, s)
	n.Status, n.Message, n.Converged, n.Ready = p.Status, p.Message, p.Converged, p.IsReady()
	n.ObservedGeneration, n.DecidedAt = snap.Generation, now
	n.Replicas = Replicas{p.Desired, p.Running, p.ReadyCount}
	n.Backoff.Failures = p.Failures
	if !p.NextAttempt.IsZero() {
		at := p.NextAttempt
		n.Backoff.NextAttempt = &at
	}
	n.LastError = p.Trouble
	if !p.Exit.At.IsZero() {
		n.LastExit = &p.Exit.Code
	}
	n.Warnings = append(n.Warnings, p.Warnings...)
	n.DependsOn = append(n.DependsOn, p.DependsOn...)
	n.Suspended = suspension(s, now)
	n.Acts = e.acts
	for _, c := range d.Shown {
		n.Containers = append(n.Containers, shown(c))
	}
	for i := len(n.Containers) - 1; i >= 0; i-- {
		n.PID = cmp.Or(n.Containers[i].PID, n.PID)
		if ports := n.Containers[i].Ports; len(ports) > 0 {
			n.Port = &ports[0].Host
		}
	}
	n.Conditions = conditions(e.status.Conditions, p, snap.Generation, now)
	e.status, e.decided, e.up, e.seen = n, true, true, true
	e.config, e.generation = s, snap.Generation
	events := e.episode.advance(snap, s, was, p, now)
	events = append(events, e.notReady(p, events, now)...)
	r.announce()
	return events
}

// blind makes "unknown" the service's status: the world can't be seen; the
// caller holds r.mu.
func (r *Reconciler) blind(snap desired.Snapshot, s desired.Service, why plan.Note) {
	e, message := r.entry(snap.Document.Key(s.Name)), why.Message
	p := plan.Plan{Status: plan.StatusUnknown, Message: message, Ready: why}
	n := base(snap, s)
	n.Status, n.Message = p.Status, p.Message
	n.ObservedGeneration = e.status.ObservedGeneration
	n.Unseen = !e.seen
	n.DependsOn = append(n.DependsOn, e.status.DependsOn...)
	n.Replicas.Desired = plan.Desired(s, e.past)
	n.Containers = e.status.Containers
	if n.Containers == nil {
		n.Containers = []Container{}
	}
	n.LastError, n.LastExit = message, e.status.LastExit
	n.Suspended = suspension(s, r.opt.Now())
	n.Acts = e.acts
	n.Conditions = conditions(e.status.Conditions, p, n.ObservedGeneration, r.opt.Now())
	e.status, e.decided, e.up = n, true, false
	e.config, e.generation = s, snap.Generation
	r.announce()
}

// base is what the file alone says.
func base(snap desired.Snapshot, s desired.Service) Tracked {
	return Tracked{Service: Service{
		Project: snap.Document.Project, Name: s.Name, Desired: string(s.State), Generation: snap.Generation,
		Definition: "none", Containers: []Container{}, DependsOn: []string{}, Warnings: []string{},
		Groups: append([]string{}, snap.Document.GroupsOf(s.Name)...),
	}}
}

// ask makes a status that of a service about which the file says something else
// by now than when it was decided about.
func (n *Service) ask(s desired.Service, now time.Time) {
	n.Desired, n.Suspended = string(s.State), suspension(s, now)
	n.Converged, n.Ready = false, false
	n.Message = "the file has just changed"
}

// stay makes a status that of a service which was as wanted, and about which the
// newest generation says nothing else: it still is. What isn't as wanted may
// have another reason by then, so that waits for the decision.
func (n *Service) stay(generation int64) {
	n.ObservedGeneration = generation
	n.Conditions = slices.Clone(n.Conditions) // the others are published
	for i := range n.Conditions {
		n.Conditions[i].ObservedGeneration = generation
	}
}

func suspension(s desired.Service, now time.Time) *Suspension {
	want := s.At(now)
	if !want.Held {
		return nil
	}
	shown := &Suspension{Reason: want.Reason, By: want.By}
	if !want.Until.IsZero() {
		shown.Until = &want.Until
	}
	return shown
}

func shown(c engine.Container) Container {
	n := Container{
		ID: c.ID, Name: c.Name, Image: c.Image, State: c.State, Health: c.Health, PID: c.PID,
		Ports: append([]engine.Port{}, c.Ports...), OOMKilled: c.OOMKilled, Restarts: c.Restarts,
	}
	if !c.StartedAt.IsZero() {
		n.StartedAt = &c.StartedAt
	}
	if !c.FinishedAt.IsZero() {
		n.FinishedAt = &c.FinishedAt
	}
	if exit := plan.ExitOf(c); !exit.At.IsZero() {
		n.ExitCode = &exit.Code
	}
	return n
}

// conditions is the plan as kstatus says it. A condition keeps its transition
// time as long as its status stays.
func conditions(before []Condition, p plan.Plan, generation int64, now time.Time) []Condition {
	var all []Condition
	add := func(kind, status string, n plan.Note) {
		c := Condition{
			Type: kind, Status: status, Reason: string(n.Reason), Message: n.Message,
			ObservedGeneration: generation, LastTransitionTime: now,
		}
		i := slices.IndexFunc(before, func(b Condition) bool { return b.Type == kind && b.Status == status })
		if i >= 0 {
			c.LastTransitionTime = before[i].LastTransitionTime
		}
		all = append(all, c)
	}
	if p.IsReady() {
		add(Ready, "True", p.Ready)
	} else {
		add(Ready, "False", p.Ready)
	}
	if p.Reconciling.Reason != "" {
		add(Reconciling, "True", p.Reconciling)
	}
	if p.Stalled.Reason != "" {
		add(Stalled, "True", p.Stalled)
	}
	return all
}

// announce wakes everybody who waits for a change; the caller holds r.mu.
func (r *Reconciler) announce() {
	close(r.changed)
	r.changed = make(chan struct{})
}
