// Package own says whose a container is: which of them each service of the
// document owns, which are nobody's, which may never be touched, and who depends
// on whom. It judges a whole project, from names, labels and what containers
// share; what is done to them is not its matter (reconcile/plan). Every function
// is pure: it reads no clock, does no I/O, and changes none of its inputs.
//
// Everything here may be called by any number of goroutines.
package own

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"reconciler/desired"
	"reconciler/engine"
)

// Replica is a container that a service owns, and its number, from 1.
type Replica struct {
	Number    int
	Container engine.Container
}

// Holding is what one service owns.
type Holding struct {
	// Replicas are the service's containers, by number. While Trouble is set
	// nothing may be done to them.
	Replicas []Replica
	// Replacing is a container with which another tool is about to replace
	// one of the service's; empty: none.
	Replacing []engine.Container
	// Trouble: it can't be told which containers are the service's.
	// The zero value: none.
	Trouble Trouble
	// Hidden: one that seems to be the service's can't be looked at, or has a label
	// that can't be read. Nothing may be done to the others either, and nothing is
	// missing. The zero value: none.
	Hidden   Doubt
	Warnings []Doubt
	// InTheWay is what keeps a replica that doesn't live from being started, by
	// container ID; mostly nil.
	InTheWay map[string]Obstacle
}

// Ownership says which container belongs to which listed service.
type Ownership struct {
	Holdings map[string]Holding // one for each listed service
	Orphans  []Orphan           // by name
}

// A labelled container of the project is never ours by its labels alone: an
// image can carry them. It needs a fitting name too.
type candidates struct {
	service  desired.Service
	byNumber map[int][]engine.Container // well named
	odd      []engine.Container         // labelled as the service's, oddly named
	replaces []engine.Container         // another tool's half-done replacement
	foreign  []engine.Container         // has the template's name, but isn't ours
	claimed  []string                   // its containers that another service claims too
}

// Judge decides which of the containers belong to which service of the document.
// The order of the containers doesn't matter. Containers that it neither
// assigns nor names as orphans are foreign. Those of self (Guarded) are in
// nobody's way: what shares a folder with them is meant to.
func Judge(doc *desired.Document, containers []engine.Container, self map[string]Guard) Ownership {
	sorted := slices.Clone(containers)
	slices.SortFunc(sorted, func(a, b engine.Container) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})

	all := make([]*candidates, len(doc.Services))
	claims := make(map[string][]*candidates) // container ID → who claims it
	x := newIndex(doc, all)
	for _, c := range sorted {
		claims[c.ID] = x.sort(c, sorted)
	}
	for id, by := range claims {
		if len(by) > 1 {
			for _, s := range by {
				s.claimed = append(s.claimed, id)
			}
		}
	}

	o := Ownership{Holdings: make(map[string]Holding, len(all))}
	taken := make(map[string]bool)
	for _, s := range all {
		h := s.holding()
		for _, r := range h.Replicas {
			taken[r.Container.ID] = true
		}
		for _, c := range h.Replacing {
			taken[c.ID] = true
		}
		h.conceal()
		o.Holdings[s.service.Name] = h
	}
	for _, c := range sorted {
		compose := c.Claim.Lasting || c.Claim.Unread.Part == engine.PartLasting
		if c.Claim.Project == doc.Project && compose && !taken[c.ID] {
			o.Orphans = append(o.Orphans, orphan(doc, c))
			o.doubt(doc, c)
		}
	}
	held := claimed(o.Orphans, self)
	for name, h := range o.Holdings {
		h.block(held)
		o.Holdings[name] = h
	}
	return o
}

// index finds the services that a container may belong to in a few look-ups.
type index struct {
	project   string
	byLabel   map[string]*candidates // compose_service → service
	byName    map[string]*candidates // `container:` → service
	templates map[string]*candidates // expanded template → service
}

func newIndex(doc *desired.Document, all []*candidates) index {
	x := index{doc.Project, map[string]*candidates{}, map[string]*candidates{}, map[string]*candidates{}}
	for i, s := range doc.Services {
		c := &candidates{service: s, byNumber: map[int][]engine.Container{}}
		all[i] = c
		if s.Container != "" {
			x.byName[s.Container] = c
			continue // that one and only that one
		}
		x.byLabel[s.ComposeService] = c
		if doc.ContainerName != "" {
			x.templates[TemplateName(doc.ContainerName, s)] = c
		}
	}
	return x
}

// TemplateName is what the document's container_name template calls the
// service's container.
func TemplateName(template string, s desired.Service) string {
	return strings.ReplaceAll(template, "{service}", s.ComposeService)
}

// sort files the container with the services that it may belong to, and
// returns those that claim it as theirs.
func (x index) sort(c engine.Container, all []engine.Container) []*candidates {
	var owners []*candidates
	if s := x.byName[c.Name]; s != nil {
		s.byNumber[1] = append(s.byNumber[1], c)
		owners = append(owners, s)
	}
	ours := c.Claim.Project == x.project && c.Claim.Lasting
	template := x.templates[c.Name]
	old := ""
	if ours {
		old = replaced(c, all)
	}
	if s := x.byName[old]; s != nil && len(owners) == 0 {
		s.replaces = append(s.replaces, c)
		return nil
	}
	if s := x.byLabel[c.Claim.Service]; ours && s != nil {
		switch n := replicaNumber(x.project, s.service.ComposeService, c.Name); {
		case n > 0:
			s.byNumber[n] = append(s.byNumber[n], c)
			owners = append(owners, s)
		case template == s:
			s.byNumber[1] = append(s.byNumber[1], c)
			owners = append(owners, s)
		case old != "":
			s.replaces = append(s.replaces, c)
		case len(owners) == 0:
			s.odd = append(s.odd, c)
		}
	}
	if template == nil || slices.Contains(owners, template) {
		return owners
	}
	if c.Claim.Labelled { // then a name alone doesn't make it one of a hand-made panel
		template.foreign = append(template.foreign, c)
		return owners
	}
	template.byNumber[1] = append(template.byNumber[1], c)
	return append(owners, template)
}

// replicaNumber returns n of the names that Compose gives: <project>-<service>-<n>
// (v2) and <project>_<service>_<n> (v1), else 0.
func replicaNumber(project, service, name string) int {
	for _, sep := range []string{"-", "_"} {
		rest, ok := strings.CutPrefix(name, project+sep+service+sep)
		if !ok || rest == "" || rest[0] < '1' || rest[0] > '9' {
			continue // "web-01" and "web-+1" are not Compose's
		}
		if n, err := strconv.Atoi(rest); err == nil {
			return n
		}
	}
	return 0
}

// A replacement by Compose is created as <first 12 of the old ID>_<name>, with a
// label that stays for good and names the old one: without the project, or by its
// container_name (docs/compose-observed.md); earlier versions by its ID.
var replacementName = regexp.MustCompile(`^[0-9a-f]{12}_.`)

// replaced is the name of the container that another tool is about to replace by
// this one; empty: none.
func replaced(c engine.Container, all []engine.Container) string {
	if replacementName.MatchString(c.Name) {
		return c.Name[len("123456789abc_"):]
	}
	if old := c.Claim.Replaces; old != "" {
		for _, o := range all {
			if o.ID != c.ID && (o.ID == old || o.Name == old || o.Name == c.Claim.Project+"-"+old) {
				return o.Name
			}
		}
	}
	return ""
}

// holding draws the conclusion for one service.
func (s *candidates) holding() Holding {
	h := Holding{Replacing: s.replaces}
	numbers := make([]int, 0, len(s.byNumber))
	for n, cs := range s.byNumber {
		numbers = append(numbers, n)
		if len(cs) > 1 {
			h.Trouble = Trouble{Kind: SameNumber, Service: s.service.Name, Containers: cs, Number: n}
		}
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		for _, c := range s.byNumber[n] {
			h.Replicas = append(h.Replicas, Replica{n, c})
			if slices.Contains(s.claimed, c.ID) {
				h.Trouble = s.trouble(TwoServices, c)
			}
		}
	}
	short := len(numbers) == 0 || len(numbers) < s.service.Replicas
	switch {
	case h.Trouble.Kind != "":
	case len(s.odd) > 0 && short:
		h.Trouble = s.trouble(OddName, s.odd...)
	case len(s.foreign) > 0 && len(numbers) == 0:
		h.Trouble = s.trouble(NameTaken, s.foreign[0])
	}
	for _, c := range s.odd {
		if h.Trouble.Kind != "" {
			break // the trouble names them
		}
		h.Warnings = append(h.Warnings, Doubt{Kind: Misnamed, Container: c.Name})
	}
	return h
}

func (s *candidates) trouble(kind TroubleKind, containers ...engine.Container) Trouble {
	return Trouble{Kind: kind, Service: s.service.Name, Containers: containers}
}
