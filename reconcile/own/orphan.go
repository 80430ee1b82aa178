package own

import (
	"fmt"
	"slices"
	"strings"

	"reconciler/desired"
	"reconciler/engine"
)

// Obstacle is a live orphan that has what a container needs to be started. The
// zero value: nothing is in the way.
type Obstacle struct {
	Orphan string // its name
	Has    string // what it has, in words: "holds port 8080/tcp"
}

// claims are what the orphans that live have, and others may need.
type claims struct {
	ports  map[int][]claim    // by the number
	mounts map[string][]claim // by what is mounted
}

// claim is what one orphan has.
type claim struct {
	orphan string
	port   engine.Port
}

// claimed is what the orphans have; those of self have nothing that others would
// have to wait for.
func claimed(orphans []Orphan, self map[string]Guard) claims {
	all := claims{map[int][]claim{}, map[string][]claim{}}
	for _, o := range orphans {
		c := o.Container
		if _, guarded := self[c.ID]; guarded || !c.State.Alive() {
			continue
		}
		for _, p := range slices.Concat(c.Ports, c.Publishes) {
			all.ports[p.Host] = append(all.ports[p.Host], claim{c.Name, p})
		}
		for _, m := range c.Mounts {
			if key := mounted(m); key != "" && !m.ReadOnly {
				all.mounts[key] = append(all.mounts[key], claim{orphan: c.Name})
			}
		}
	}
	return all
}

// against is which orphan has what a start of the container needs.
func (o claims) against(c engine.Container) Obstacle {
	for _, p := range c.Publishes {
		for _, held := range o.ports[p.Host] {
			if p.Overlaps(held.port) {
				return Obstacle{held.orphan, "holds port " + p.String()}
			}
		}
	}
	for _, m := range c.Mounts {
		if held := o.mounts[mounted(m)]; len(held) > 0 {
			return Obstacle{held[0].orphan, "writes to " + mounted(m)}
		}
	}
	return Obstacle{}
}

// block notes which of the service's containers can't be started for an orphan.
func (h *Holding) block(orphans claims) {
	for _, r := range h.Replicas {
		if o := orphans.against(r.Container); o.Orphan != "" && !r.Container.State.Alive() {
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

// mounted is what is mounted, in words; "": nothing that one service alone
// should write to.
func mounted(m engine.Mount) string {
	if m.Volume {
		return "volume " + m.Source
	}
	for _, path := range everybodys {
		if m.Source == path || strings.HasPrefix(m.Source, path+"/") {
			return ""
		}
	}
	return m.Source
}

func orphan(doc *desired.Document, c engine.Container) Orphan {
	service := c.Claim.Service
	message := fmt.Sprintf("service %q is not listed in the file", service)
	if slices.ContainsFunc(doc.Services, func(s desired.Service) bool { return s.ComposeService == service }) {
		message = fmt.Sprintf("labelled as service %q, but not taken for one of its containers", service)
	}
	if c.Claim.Unread.Part != "" {
		message = fmt.Sprintf("its label %s can't be read, for it is too long or no line of text, so it can't be told whose it is", c.Claim.Unread.Label)
	}
	return Orphan{c, service, message}
}
