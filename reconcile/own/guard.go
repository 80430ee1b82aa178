package own

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"reconciler/engine"
)

// Guarded returns the containers without which this program could not go on,
// by ID, with what each of them is, in words: its own, those whose namespaces
// that one shares, and what answers at the engine's address. They are never
// stopped or restarted from here. When in doubt whether one is such, it is.
//
// It knows what the containers tell: one that isn't among them isn't guarded
// for what it shares. A proxy of TCP on the host's own network can't be told.
func Guarded(self engine.Self, info engine.Info, containers []engine.Container) map[string]string {
	g := guard{all: containers, why: make(map[string]string)}
	g.ourselves(self)
	answers := "what answers at reconciler's engine address " + info.Address
	switch s := info.Server; {
	case s.Seen:
		if s.Container != "" {
			g.add(s.Container, answers)
		}
	case s.Socket != "":
		g.socket(s.Socket, "perhaps "+answers)
	case s.Address.IsValid():
		g.tcp(self, s, answers)
	}
	return g.why
}

// NotStopped and NotRestarted say that the container, which is what why says, is
// left alone, and what to do instead.
func NotStopped(name, why string) string {
	return fmt.Sprintf("%s is %s: it is not stopped from here; stop it by hand: %s", name, why, engine.HandStop.On(name))
}

// NotRestarted is NotStopped for a restart.
func NotRestarted(name, why string) string {
	return fmt.Sprintf("%s is %s: it is not restarted from here; restart it by hand: %s", name, why, engine.HandRestart.On(name))
}

type guard struct {
	all []engine.Container
	own []string // IDs of the container in which reconciler runs, or may run
	why map[string]string
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
func (g *guard) add(ref, why string) {
	c, known := g.find(ref)
	if known {
		ref = c.ID
	}
	if g.why[ref] != "" {
		return
	}
	g.why[ref] = why
	for _, parent := range c.Shares {
		g.add(parent, fmt.Sprintf("the owner of a namespace that %s shares, and that is %s", c.Name, why))
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
	why := "the container in which reconciler runs"
	if g.own = g.candidates(self); len(g.own) > 1 {
		why = "perhaps " + why
	}
	for _, id := range g.own {
		g.add(id, why)
	}
	if self.Network != "" { // also where what joined it couldn't be looked at
		g.add(self.Network, "the owner of the network in which reconciler runs")
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
func (g *guard) tcp(self engine.Self, s engine.Server, answers string) {
	var there []string // whose network it is
	to := engine.Port{HostIP: s.Address.Addr().String(), Host: int(s.Address.Port()), Protocol: "tcp"}
	for _, c := range g.all {
		switch {
		case slices.Contains(c.Addresses, s.Address.Addr()):
			g.add(c.ID, answers)
			there = append(there, c.ID)
		case slices.ContainsFunc(c.Ports, to.Overlaps):
			g.add(c.ID, fmt.Sprintf("perhaps %s, for it publishes port %d", answers, to.Host))
			there = append(there, c.ID)
		}
	}
	if s.Address.Addr().IsLoopback() && self.Network != "" {
		there = append(there, self.Network)
	}
	for _, c := range g.all {
		for _, id := range there {
			if owner, known := g.find(id); known && c.ID != id && g.joins(c, id) {
				g.add(c.ID, fmt.Sprintf("perhaps %s, for it shares a namespace of %s", answers, owner.Name))
			}
		}
	}
}

// usualSocket is where an engine itself listens.
const usualSocket = "/run/docker.sock"

// socket guards those that may have made the socket, whose process can't be
// seen from here: they can write where it lies.
func (g *guard) socket(file, answers string) {
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
	where := "volume " + place.Source
	if !place.Volume {
		place.Source = ofHost(path.Join(place.Source, strings.TrimPrefix(file, place.Target)))
		where = path.Dir(place.Source)
	}
	if place.Source == usualSocket {
		return
	}
	for _, c := range g.all {
		if slices.ContainsFunc(c.Mounts, func(m engine.Mount) bool { return reaches(m, place) }) {
			g.add(c.ID, fmt.Sprintf("%s, for it can write to %s", answers, where))
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
