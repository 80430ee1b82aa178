package own

import (
	"slices"

	"reconciler/desired"
	"reconciler/engine"
)

// Neighbour is what the decisions about other services need to know of one
// service of the project.
type Neighbour struct {
	// Name is what the file calls it; empty: it isn't listed, and Want is zero.
	Name string
	Want desired.Service
	// Containers are its own ones, by number; of a service that isn't listed,
	// those that claim to be of it.
	Containers []engine.Container
	DependsOn  []engine.Dependency
	Done       bool // it is a job that finished; what counts where its container is gone
	Held       bool // nothing is done to its containers, for it can't be told which they are
}

// Neighbours are all services of the project, by their names in Compose. The
// zero value: none.
type Neighbours struct {
	services map[string]Neighbour
	alias    map[string]string // what Compose calls a container's service → the service that `container:` gives it to
	of       map[string]string // container ID → service
	byID     map[string]engine.Container
}

// Of returns the service of that name in Compose, and whether there is one.
func (n Neighbours) Of(service string) (Neighbour, bool) {
	found, ok := n.services[service]
	return found, ok
}

// Container returns the container with that ID, and whether a service of the
// project has it.
func (n Neighbours) Container(id string) (engine.Container, bool) {
	c, known := n.byID[id]
	return c, known
}

// Listed is what the file calls the service of that name in Compose; one that it
// doesn't list keeps that.
func (n Neighbours) Listed(service string) string {
	if of := n.services[service]; of.Name != "" {
		return of.Name
	}
	return service
}

// All calls f with each service and its name in Compose, in no order.
func (n Neighbours) All(f func(service string, of Neighbour)) {
	for service, of := range n.services {
		f(service, of)
	}
}

// Neighbours returns who depends on whom. done reports whether a listed job is
// recorded as finished.
func (o Ownership) Neighbours(doc *desired.Document, done func(service string) bool) Neighbours {
	all := Neighbours{services: map[string]Neighbour{}, alias: map[string]string{}, of: map[string]string{}, byID: map[string]engine.Container{}}
	file := func(service string, c engine.Container) {
		n := all.services[service]
		n.Containers = append(n.Containers, c)
		all.services[service] = n
		all.of[c.ID], all.byID[c.ID] = service, c
	}
	for _, s := range doc.Services {
		h := o.Holdings[s.Name]
		all.services[s.ComposeService] = Neighbour{Name: s.Name, Want: s, Done: s.Job && done(s.Name), Held: h.Trouble.Kind != ""}
		for _, r := range h.Replicas {
			if claim := r.Container.Claim; claim.Service != "" && claim.Project == doc.Project {
				all.alias[claim.Service] = s.ComposeService
			}
			file(s.ComposeService, r.Container)
		}
	}
	for _, c := range o.Orphans {
		if n := all.services[c.Service]; n.Name == "" && c.Service != "" {
			file(c.Service, c.Container)
		}
	}
	for service, n := range all.services {
		n.DependsOn = all.dependencies(service, n.Containers)
		all.services[service] = n
	}
	return all
}

// dependencies are those that the containers of a service name: by their
// claims, and by the namespaces that they join.
func (n Neighbours) dependencies(service string, containers []engine.Container) []engine.Dependency {
	var found []engine.Dependency
	add := func(d engine.Dependency) {
		if as := n.alias[d.Service]; as != "" && n.services[d.Service].Name == "" {
			d.Service = as
		}
		known := slices.ContainsFunc(found, func(f engine.Dependency) bool { return f.Service == d.Service })
		if d.Service != "" && d.Service != service && !known {
			found = append(found, d)
		}
	}
	for _, c := range containers {
		for _, d := range c.Claim.DependsOn {
			add(d)
		}
		for _, id := range c.Shares {
			add(engine.Dependency{Service: n.of[id], Condition: engine.Started})
		}
	}
	return found
}

// reaches returns the way from one service to another along dependencies, both
// included; nil: there is none.
func (n Neighbours) reaches(from, to string, seen map[string]bool) []string {
	if from == to {
		return []string{to}
	}
	if seen[from] {
		return nil
	}
	seen[from] = true
	for _, d := range n.services[from].DependsOn {
		if way := n.reaches(d.Service, to, seen); way != nil {
			return append([]string{from}, way...)
		}
	}
	return nil
}

// Cycle returns the way back to the service that begins with that dependency;
// nil: there is none.
func (n Neighbours) Cycle(service string, d engine.Dependency) []string {
	way := n.reaches(d.Service, service, map[string]bool{})
	if way == nil {
		return nil
	}
	return append([]string{service}, way...)
}

// Moved returns the services, by their names in Compose, for which something
// changed with a service that they depend on, or that depends on them.
func (n Neighbours) Moved(before Neighbours) map[string]bool {
	moved := make(map[string]bool)
	for _, side := range []map[string]Neighbour{n.services, before.services} {
		for service, of := range side {
			for _, d := range of.DependsOn {
				if !n.services[d.Service].same(before.services[d.Service]) {
					moved[service] = true
				}
				if !n.services[service].same(before.services[service]) {
					moved[d.Service] = true
				}
			}
		}
	}
	return moved
}

// same reports whether both look the same to those around them.
func (n Neighbour) same(other Neighbour) bool {
	return n.Done == other.Done && n.Held == other.Held && slices.EqualFunc(n.Containers, other.Containers, func(a, b engine.Container) bool {
		return a.ID == b.ID && a.State == b.State && a.Health == b.Health && a.ExitCode == b.ExitCode && a.StartedAt.Equal(b.StartedAt)
	})
}
