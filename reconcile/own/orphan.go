package own

import (
	"slices"

	"reconciler/desired"
	"reconciler/engine"
)

// OrphanKind says why nobody owns a container of the project.
type OrphanKind string

// The kinds.
const (
	Unlisted   OrphanKind = "unlisted"   // the file doesn't list its service
	Unlike     OrphanKind = "unlike"     // labelled as a listed service's, and not taken for one of its containers
	Unreadable OrphanKind = "unreadable" // one of its labels can't be read
)

// Orphan is a container of the project that no listed service owns.
type Orphan struct {
	Kind      OrphanKind
	Container engine.Container
	Service   string // as its label says
}

// ObstacleKind says what an orphan has.
type ObstacleKind string

// The kinds.
const (
	HoldsPort ObstacleKind = "holds_port"
	WritesTo  ObstacleKind = "writes_to"
)

// Obstacle is what a live orphan has that a container needs to be started. It is
// comparable. Whatever it says, it is in the way.
type Obstacle struct {
	Kind   ObstacleKind
	Orphan string      // its name
	Port   engine.Port // for HoldsPort
	Place  Place       // for WritesTo
}

// claims are what the orphans that live have, and others may need.
type claims struct {
	ports  map[int][]claim   // by the number
	mounts map[Place][]claim // by what is mounted
}

// claim is what one orphan has.
type claim struct {
	orphan string
	port   engine.Port
}

// claimed is what the orphans have; those of self have nothing that others would
// have to wait for.
func claimed(orphans []Orphan, self map[string]Guard) claims {
	all := claims{map[int][]claim{}, map[Place][]claim{}}
	for _, o := range orphans {
		c := o.Container
		if _, guarded := self[c.ID]; guarded || !c.State.Alive() {
			continue
		}
		for _, p := range slices.Concat(c.Ports, c.Publishes) {
			all.ports[p.Host] = append(all.ports[p.Host], claim{c.Name, p})
		}
		for _, m := range c.Mounts {
			if place := mounted(m); place != (Place{}) && !m.ReadOnly {
				all.mounts[place] = append(all.mounts[place], claim{orphan: c.Name})
			}
		}
	}
	return all
}

// against is which orphan has what a start of the container needs; ok is false
// where none has.
func (o claims) against(c engine.Container) (found Obstacle, ok bool) {
	for _, p := range c.Publishes {
		for _, held := range o.ports[p.Host] {
			if p.Overlaps(held.port) {
				return Obstacle{Kind: HoldsPort, Orphan: held.orphan, Port: p}, true
			}
		}
	}
	for _, m := range c.Mounts {
		place := mounted(m)
		if held := o.mounts[place]; len(held) > 0 {
			return Obstacle{Kind: WritesTo, Orphan: held[0].orphan, Place: place}, true
		}
	}
	return Obstacle{}, false
}

// block notes which of the service's containers can't be started for an orphan.
func (h *Holding) block(orphans claims) {
	for _, r := range h.Replicas {
		if o, ok := orphans.against(r.Container); ok && !r.Container.State.Alive() {
			if h.InTheWay == nil {
				h.InTheWay = make(map[string]Obstacle)
			}
			h.InTheWay[r.Container.ID] = o
		}
	}
}

// everybodys are paths of the host that hold no service's data: they are there
// to be mounted by many, and seldom read-only.
var everybodys = []string{"/dev", "/proc", "/run", "/sys", "/var/run", "/etc/localtime", "/etc/timezone"}

// mounted is what is mounted; zero: nothing that one service alone should write to.
func mounted(m engine.Mount) Place {
	for _, path := range everybodys {
		if !m.Volume && within(m.Source, path) {
			return Place{}
		}
	}
	return Place{m.Volume, m.Source}
}

func orphan(doc *desired.Document, c engine.Container) Orphan {
	o := Orphan{Unlisted, c, c.Claim.Service}
	if slices.ContainsFunc(doc.Services, func(s desired.Service) bool { return s.ComposeService == o.Service }) {
		o.Kind = Unlike
	}
	if c.Claim.Unread.Part != "" {
		o.Kind = Unreadable
	}
	return o
}
