package plan

import (
	"cmp"
	"fmt"
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
	// Trouble: it can't be told which containers are the service's
	// (AmbiguousContainer, NameConflict). The zero value: none.
	Trouble Note
	// Hidden: one that seems to be the service's can't be looked at, or has a label
	// that can't be read, and this says why. Nothing may be done to the others
	// either, and nothing is missing. Empty: none.
	Hidden   string
	Warnings []string
	// InTheWay is what keeps a replica that doesn't live from being started, by
	// container ID; mostly nil.
	InTheWay map[string]Obstacle
}

// Orphan is a container of the project that no listed service owns.
type Orphan struct {
	Container engine.Container
	Service   string // as its label says
	Message   string
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

// Own decides which of the containers belong to which service of the document.
// The order of the containers doesn't matter. Containers that it neither
// assigns nor names as orphans are foreign. Those of self (Guarded) are in
// nobody's way: what shares a folder with them is meant to.
func Own(doc *desired.Document, containers []engine.Container, self map[string]string) Ownership {
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

	own := Ownership{Holdings: make(map[string]Holding, len(all))}
	taken := make(map[string]bool)
	for _, s := range all {
		h := s.holding(doc)
		for _, r := range h.Replicas {
			taken[r.Container.ID] = true
		}
		for _, c := range h.Replacing {
			taken[c.ID] = true
		}
		h.conceal()
		own.Holdings[s.service.Name] = h
	}
	for _, c := range sorted {
		compose := c.Labels[engine.LabelOneoff] == "False" || c.Unread == engine.LabelOneoff
		if c.Labels[engine.LabelProject] == doc.Project && compose && !taken[c.ID] {
			own.Orphans = append(own.Orphans, orphan(doc, c))
			own.doubt(doc, c)
		}
	}
	held := claimed(own.Orphans, self)
	for name, h := range own.Holdings {
		h.block(held)
		own.Holdings[name] = h
	}
	return own
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
	ours := c.Labels[engine.LabelProject] == x.project && c.Labels[engine.LabelOneoff] == "False"
	template := x.templates[c.Name]
	old := ""
	if ours {
		old = replaced(c, all)
	}
	if s := x.byName[old]; s != nil && len(owners) == 0 {
		s.replaces = append(s.replaces, c)
		return nil
	}
	if s := x.byLabel[c.Labels[engine.LabelService]]; ours && s != nil {
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
	if composeLabels(c) {
		template.foreign = append(template.foreign, c)
		return owners
	}
	template.byNumber[1] = append(template.byNumber[1], c)
	return append(owners, template)
}

// composeLabels reports whether any of Compose's labels is on the container:
// then a name alone doesn't make it one of a hand-made panel.
func composeLabels(c engine.Container) bool {
	for k := range c.Labels {
		if strings.HasPrefix(k, engine.LabelPrefix) {
			return true
		}
	}
	return false
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
	if old := c.Labels[engine.LabelReplace]; old != "" {
		for _, o := range all {
			if o.ID != c.ID && (o.ID == old || o.Name == old || o.Name == c.Labels[engine.LabelProject]+"-"+old) {
				return o.Name
			}
		}
	}
	return ""
}

// holding draws the conclusion for one service.
func (s *candidates) holding(doc *desired.Document) Holding {
	h := Holding{Replacing: s.replaces}
	numbers := make([]int, 0, len(s.byNumber))
	for n, cs := range s.byNumber {
		numbers = append(numbers, n)
		if len(cs) > 1 {
			h.Trouble = s.ambiguous(cs, fmt.Sprintf("%s could each be replica %d", names(cs), n))
		}
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		for _, c := range s.byNumber[n] {
			h.Replicas = append(h.Replicas, Replica{n, c})
			if slices.Contains(s.claimed, c.ID) {
				h.Trouble = s.ambiguous(nil, fmt.Sprintf("%s is claimed by another service too", c.Name))
			}
		}
	}
	short := len(numbers) == 0 || len(numbers) < s.service.Replicas
	switch {
	case h.Trouble.Reason != "":
	case len(s.odd) > 0 && short:
		h.Trouble = s.ambiguous(s.odd, fmt.Sprintf("%s carries the service's labels but not a name of it", names(s.odd)))
	case len(s.foreign) > 0 && len(numbers) == 0:
		f := s.foreign[0]
		h.Trouble = Note{ReasonNameConflict, fmt.Sprintf("%s (%s) has the name that container_name gives to %s, but belongs to Compose project %q, service %q; rename it, or change container_name",
			f.Name, short12(f.ID), s.service.Name, f.Labels[engine.LabelProject], f.Labels[engine.LabelService])}
	}
	for _, c := range s.odd {
		if h.Trouble.Reason != "" {
			break // the trouble names them
		}
		h.Warnings = append(h.Warnings, fmt.Sprintf("%s carries the service's labels but not a name of it: left alone", c.Name))
	}
	return h
}

func (s *candidates) ambiguous(choices []engine.Container, what string) Note {
	line := "container: NAME"
	if len(choices) > 0 {
		line = "container: " + choices[0].Name
	}
	return Note{ReasonAmbiguous, fmt.Sprintf("%s; nothing is done. To settle it, write under services.%s: %s", what, s.service.Name, line)}
}

func names(cs []engine.Container) string {
	all := make([]string, len(cs))
	for i, c := range cs {
		all[i] = c.Name
	}
	return strings.Join(all, ", ")
}

// short12 is the ID as Docker's own tools print it.
func short12(id string) string { return id[:min(len(id), 12)] }
