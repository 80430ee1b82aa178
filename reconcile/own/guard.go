package own

import (
	"path"
	"slices"
	"strings"

	"reconciler/engine"
)

// Role is what a container is to this program, so that it is never stopped or
// restarted from here.
type Role string

// The roles.
const (
	RoleSelf    Role = "self"    // reconciler runs in it
	RoleNetwork Role = "network" // it has the network in which reconciler runs
	RoleEngine  Role = "engine"  // it answers at the engine's address
)

// Sign is what speaks for a role where it can't be told for certain. The zero
// value: it is certain.
type Sign string

// The signs.
const (
	SignSeveral   Sign = "several"   // it is one of several that could have the role
	SignPublishes Sign = "publishes" // it publishes the address's port
	SignShares    Sign = "shares"    // it shares a namespace of what has the address
	SignWrites    Sign = "writes"    // it can write to where the socket is
)

// Guard is why a container is never stopped or restarted from here. Whatever it
// says, the container that has one is guarded.
type Guard struct {
	Role    Role
	Address string // of the engine, for RoleEngine
	Sign    Sign
	Port    int    // for SignPublishes
	Owner   string // the name of what has the namespace, for SignShares
	Place   Place  // for SignWrites
	// Through are the names of the containers by which it is guarded: the first has
	// the role, and shares a namespace of the next, and the last one a namespace of
	// the container itself. Empty: the container has the role.
	Through []string
}

// Guarded returns the containers without which this program could not go on,
// by ID: its own, those whose namespaces that one shares, and what answers at
// the engine's address. When in doubt whether one is such, it is.
//
// It knows what the containers tell: one that isn't among them isn't guarded
// for what it shares. A proxy of TCP on the host's own network can't be told.
func Guarded(self engine.Self, info engine.Info, containers []engine.Container) map[string]Guard {
	g := guard{all: containers, found: make(map[string]Guard)}
	g.ourselves(self)
	answers := Guard{Role: RoleEngine, Address: info.Address}
	switch s := info.Server; {
	case s.Seen:
		if s.Container != "" {
			g.add(s.Container, answers)
		}
	case s.Socket != "":
		g.socket(s.Socket, answers)
	case s.Address.IsValid():
		g.tcp(self, s, answers)
	}
	return g.found
}

type guard struct {
	all   []engine.Container
	own   []string // IDs of the container in which reconciler runs, or may run
	found map[string]Guard
}

// find returns the container of that ID or name.
func (g *guard) find(ref string) (engine.Container, bool) {
	i := slices.IndexFunc(g.all, func(c engine.Container) bool { return c.ID == ref || c.Name == ref })
	if i < 0 {
		return engine.Container{}, false
	}
	return g.all[i], true
}

// add guards the container, and those whose namespaces it shares.
func (g *guard) add(ref string, why Guard) {
	c, known := g.find(ref)
	if known {
		ref = c.ID
	}
	if _, guarded := g.found[ref]; guarded {
		return
	}
	g.found[ref] = why
	why.Through = append(slices.Clip(why.Through), c.Name)
	for _, parent := range c.Shares {
		g.add(parent, why)
	}
}

// joins reports whether the container shares a namespace of that one.
func (g *guard) joins(c engine.Container, owner string) bool {
	return slices.ContainsFunc(c.Shares, func(ref string) bool {
		o, known := g.find(ref)
		return ref == owner || known && o.ID == owner
	})
}

// ourselves guards the container in which reconciler runs. Where several share
// its network, it is the one that has its files; if that can't be told, it may
// be each of them.
func (g *guard) ourselves(self engine.Self) {
	why := Guard{Role: RoleSelf}
	if g.own = g.candidates(self); len(g.own) > 1 {
		why.Sign = SignSeveral
	}
	for _, id := range g.own {
		g.add(id, why)
	}
	if self.Network != "" { // also where what joined it couldn't be looked at
		g.add(self.Network, Guard{Role: RoleNetwork})
	}
}

// candidates are the IDs of the containers of which one is reconciler's.
func (g *guard) candidates(self engine.Self) []string {
	switch {
	case self.ID != "":
		return []string{self.ID}
	case self.Network == "":
		return nil
	}
	var may, have []string
	for _, c := range g.all {
		if c.ID != self.Network && !g.joins(c, self.Network) {
			continue
		}
		may = append(may, c.ID)
		if self.Mounted != "" && slices.ContainsFunc(c.Mounts, func(m engine.Mount) bool { return within(self.Mounted, m.Target) }) {
			have = append(have, c.ID)
		}
	}
	switch {
	case len(have) > 0:
		return have
	case len(may) > 0:
		return may
	}
	return []string{self.Network}
}

// tcp guards whoever may be at that address: one that has it, or that publishes
// its port, and those in the same network.
func (g *guard) tcp(self engine.Self, s engine.Server, answers Guard) {
	var there []string // whose network it is
	publishes, shares := answers, answers
	publishes.Sign, publishes.Port = SignPublishes, int(s.Address.Port())
	shares.Sign = SignShares
	to := engine.Port{HostIP: s.Address.Addr().String(), Host: int(s.Address.Port()), Protocol: "tcp"}
	for _, c := range g.all {
		switch {
		case slices.Contains(c.Addresses, s.Address.Addr()):
			g.add(c.ID, answers)
			there = append(there, c.ID)
		case slices.ContainsFunc(c.Ports, to.Overlaps):
			g.add(c.ID, publishes)
			there = append(there, c.ID)
		}
	}
	if s.Address.Addr().IsLoopback() && self.Network != "" {
		there = append(there, self.Network)
	}
	for _, c := range g.all {
		for _, id := range there {
			if owner, known := g.find(id); known && c.ID != id && g.joins(c, id) {
				shares.Owner = owner.Name
				g.add(c.ID, shares)
			}
		}
	}
}

// usualSocket is where an engine itself listens.
const usualSocket = "/run/docker.sock"

// socket guards those that may have made the socket, whose process can't be
// seen from here: they can write where it lies.
func (g *guard) socket(file string, answers Guard) {
	place, inside := engine.Mount{Source: "/"}, false
	for _, id := range g.own {
		c, known := g.find(id)
		inside = inside || known
		for _, m := range c.Mounts {
			if within(file, m.Target) && len(m.Target) > len(place.Target) {
				place = m
			}
		}
	}
	if inside && place.Target == "" {
		return // it is in our own container
	}
	answers.Sign, answers.Place = SignWrites, Place{Volume: place.Volume, Source: place.Source}
	if !place.Volume {
		place.Source = ofHost(path.Join(place.Source, strings.TrimPrefix(file, place.Target)))
		answers.Place.Source = path.Dir(place.Source)
	}
	if place.Source == usualSocket {
		return
	}
	for _, c := range g.all {
		if slices.ContainsFunc(c.Mounts, func(m engine.Mount) bool { return reaches(m, place) }) {
			g.add(c.ID, answers)
		}
	}
}

// reaches reports whether who has the mount could make a socket there: in the
// volume, or at that path of the host.
func reaches(m, socket engine.Mount) bool {
	switch {
	case m.ReadOnly || m.Volume != socket.Volume:
		return false
	case m.Volume:
		return m.Source == socket.Source
	}
	folder := ofHost(m.Source)
	return folder != socket.Source && within(socket.Source, folder)
}

// ofHost is a path of the host, of which /var/run and /run are one folder.
func ofHost(p string) string {
	if within(p, "/var/run") {
		return strings.TrimPrefix(p, "/var")
	}
	return p
}

// within reports whether the file is that folder, or below it.
func within(file, folder string) bool {
	return folder != "" && (file == folder || folder == "/" || strings.HasPrefix(file, folder+"/"))
}
