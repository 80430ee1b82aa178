package api

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"reconciler/desired"
	"reconciler/reconcile"
)

// startsWith are the listed services that are wanted stopped and that the
// service depends on, directly or not, as changes to running: a start brings
// them along, as `docker compose up` does. What it doesn't bring along is a
// warning.
func startsWith(doc *desired.Document, o reconcile.Known, service string, now time.Time) (changes []desired.Change, warnings []string) {
	heeded := []string{service}
	for _, name := range follow(o, service, func(n reconcile.Tracked) []string { return n.DependsOn }) {
		s, listed := doc.Service(name)
		switch {
		case !listed:
			warnings = append(warnings, fmt.Sprintf("it depends on %s, which is not listed: it is left as it is", name))
		case s.State == desired.Absent:
			warnings = append(warnings, fmt.Sprintf("it depends on %s, which is wanted absent: it is left so", name))
		case s.At(now).Held:
			warnings = append(warnings, fmt.Sprintf("it depends on %s, which is suspended: it is left as it is", name))
		case s.State == desired.Stopped:
			changes = append(changes, desired.Change{Service: name, State: desired.Running}) // a job: the store makes it completed
			fallthrough
		default:
			heeded = append(heeded, name)
		}
	}
	return changes, append(warnings, unseen(o, heeded, "started")...)
}

// stopsWith are the listed services that depend on the service, directly or
// not, and aren't wanted stopped, as changes to stopped. What could be left out
// by that is a warning.
func stopsWith(doc *desired.Document, o reconcile.Known, service string) (changes []desired.Change, warnings []string) {
	var others []string
	dependents := func(of reconcile.Tracked) []string {
		var names []string
		for _, n := range o.Services {
			if slices.Contains(n.DependsOn, of.Name) {
				names = append(names, n.Name)
			}
		}
		return names
	}
	for _, n := range o.Services {
		if n.Name != service {
			others = append(others, n.Name)
		}
	}
	for _, name := range follow(o, service, dependents) {
		if s, listed := doc.Service(name); listed && s.State != desired.Stopped && s.State != desired.Absent {
			changes = append(changes, desired.Change{Service: name, State: desired.Stopped})
		}
	}
	return changes, unseen(o, others, "stopped")
}

// unseen warns of those of the services of which nobody knows what they depend
// on.
func unseen(o reconcile.Known, services []string, verb string) []string {
	never := make(map[string]bool)
	for _, n := range o.Services {
		never[n.Name] = n.Unseen
	}
	services = slices.DeleteFunc(services, func(name string) bool { return !never[name] })
	if len(services) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("the dependencies of %s aren't known, for the engine could not be asked yet: nothing is %s along for them",
		strings.Join(services, ", "), verb)}
}

// follow returns the services to which next leads, again and again, without the
// one with which it begins; nearest first, each once.
func follow(o reconcile.Known, from string, next func(reconcile.Tracked) []string) []string {
	way := []string{from}
	for i := 0; i < len(way); i++ {
		n, _ := o.Service(way[i]) // one that isn't listed leads nowhere
		for _, name := range next(n) {
			if !slices.Contains(way, name) {
				way = append(way, name)
			}
		}
	}
	return way[1:]
}
