package plan

import (
	"fmt"
	"slices"
	"strings"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

// gate says for which dependency the service's starts wait; zero: for none.
// depends_on gates only starts that we make; it never stops what runs.
func (d *decision) gate() Note {
	us := d.service.ComposeService
	n, _ := d.around.Neighbours.Of(us)
	for _, dep := range n.DependsOn {
		if d.around.Neighbours.Cycle(us, dep) != nil {
			continue // nobody could ever begin
		}
		if why := d.awaited(dep); why != "" {
			return Note{ReasonDependency, fmt.Sprintf("waits for %s to be %s before it is started: %s", dep.Service, wanted[dep.Condition], why)}
		}
	}
	return Note{}
}

// gated reports, and writes into the verdict, whether a start waits for a
// dependency.
func (d *decision) gated(v *verdict) bool {
	note := d.gate()
	if note.Reason == "" {
		return false
	}
	v.Status, v.Reconciling, v.untimed = StatusWaiting, note, true
	return true
}

// wanted is what a condition asks for, in words.
var wanted = map[engine.Condition]string{engine.Started: "running", engine.Healthy: "healthy", engine.Ended: "finished"}

// awaited says why the dependency isn't what is asked of it yet; "": it is, or
// it is not waited for.
func (d *decision) awaited(dep engine.Dependency) string {
	n, known := d.around.Neighbours.Of(dep.Service)
	if known && n.Name != "" && off(n.Want) {
		return ""
	}
	why := lacks(n, dep.Condition)
	switch {
	case why == "":
		return ""
	case n.Name == "":
		state := desired.Running
		if dep.Condition == engine.Ended {
			state = desired.Completed
		}
		return fmt.Sprintf("%s. It is not listed, so nothing here starts it; to have it started, write under services: %s: %s", why, dep.Service, state)
	case n.Want.At(d.now).Held:
		return why + ", and it is suspended"
	}
	return why
}

// off reports whether the file says that the service should not be there.
func off(s desired.Service) bool { return s.State == desired.Stopped || s.State == desired.Absent }

// lacks says why the service doesn't fulfil the condition; "": it does.
func lacks(n own.Neighbour, c engine.Condition) string {
	if len(n.Containers) == 0 {
		if c == engine.Ended && n.Done {
			return ""
		}
		return "it has no container"
	}
	running := slices.ContainsFunc(n.Containers, func(c engine.Container) bool { return c.Running() })
	first := n.Containers[0]
	switch c {
	case engine.Ended:
		ended := func(c engine.Container) bool { return c.State == engine.StateExited && c.ExitCode == 0 }
		if slices.ContainsFunc(n.Containers, ended) && !slices.ContainsFunc(n.Containers, alive) {
			return ""
		}
		return fmt.Sprintf("%s is %s", first.Name, stateOf(first))
	case engine.Healthy:
		for _, c := range n.Containers {
			switch {
			case !c.Running():
			case c.Health == engine.HealthNone:
				return fmt.Sprintf("%s has no healthcheck, so it never will be", c.Name)
			case c.Health != engine.HealthHealthy:
				return fmt.Sprintf("%s is %s", c.Name, c.Health)
			}
		}
	case engine.Started:
	default:
		return fmt.Sprintf("its depends_on says %q, which is not known here", c)
	}
	if running {
		return ""
	}
	return fmt.Sprintf("%s is %s", first.Name, stateOf(first))
}

func alive(c engine.Container) bool { return c.State.Alive() }

// stateOf is the container's state, with what it exited with.
func stateOf(c engine.Container) string {
	if c.State == engine.StateExited {
		return fmt.Sprintf("exited with code %d", c.ExitCode)
	}
	return string(c.State)
}

// dependencies says of which the file asks that they don't run, and which go
// round.
func (d *decision) dependencies() {
	us := d.service.ComposeService
	n, _ := d.around.Neighbours.Of(us)
	for _, dep := range n.DependsOn {
		d.plan.DependsOn = append(d.plan.DependsOn, d.around.Neighbours.Listed(dep.Service))
		if off(d.service) {
			continue
		}
		if way := d.around.Neighbours.Cycle(us, dep); way != nil {
			d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf("its depends_on goes round, so none of these waits for another: %s", strings.Join(way, " -> ")))
		}
		if on, _ := d.around.Neighbours.Of(dep.Service); on.Name != "" && off(on.Want) {
			d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf("it depends on %s, which is wanted %s: not waited for", on.Name, on.Want.State))
		}
	}
}

// stopsAfter says which dependent is being stopped first; zero: none. Only
// those count that are being stopped, too: a dependent that should run, or that
// nobody here will stop, holds nothing up.
func (d *decision) stopsAfter() Note {
	us := d.service.ComposeService
	note := Note{}
	d.around.Neighbours.All(func(service string, n own.Neighbour) {
		if want := n.Want.At(d.now); n.Name == "" || n.Held || want.State != desired.Stopped || want.Held {
			return
		}
		on := slices.IndexFunc(n.DependsOn, func(dep engine.Dependency) bool { return dep.Service == us })
		if on < 0 || d.around.Neighbours.Cycle(service, n.DependsOn[on]) != nil {
			return
		}
		for _, c := range n.Containers {
			if _, guarded := d.around.Self[c.ID]; guarded || !c.State.Alive() || c.AutoRemove {
				continue
			}
			if message := fmt.Sprintf("stops after %s, which depends on it: %s is %s", n.Name, c.Name, c.State); note.Reason == "" || message < note.Message {
				note = Note{ReasonDependency, message}
			}
		}
	})
	return note
}
