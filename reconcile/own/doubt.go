package own

import (
	"slices"

	"reconciler/desired"
	"reconciler/engine"
)

// DoubtKind says what isn't known of a container. The zero value: nothing.
type DoubtKind string

// The kinds.
const (
	LabelUnread DoubtKind = "label_unread" // one of its labels can't be read
	Unseen      DoubtKind = "unseen"       // it is listed, and could never be looked at
	Outdated    DoubtKind = "outdated"     // it was looked at once, and can't be now
	Misnamed    DoubtKind = "misnamed"     // labelled as the service's, and named otherwise
)

// Doubt is a kind and its subject. It is comparable. The zero value: none.
type Doubt struct {
	Kind      DoubtKind
	Container string // its name
	Label     string // the name of the one that can't be read, for LabelUnread
	Cause     string // why it can't be looked at, in words, for Unseen and Outdated
}

// conceal takes out the containers that have a label which can't be read: nobody
// can tell what they depend on, or replace.
func (h *Holding) conceal() {
	h.Replicas = slices.DeleteFunc(h.Replicas, func(r Replica) bool {
		if r.Container.Claim.Unread.Part != "" {
			h.Hidden = unread(r.Container)
		}
		return r.Container.Claim.Unread.Part != ""
	})
}

// doubt hides a service that has no container but may have this orphan: the
// orphan has its name, and the label that says whose it is can't be read. So
// nobody is told that the service has none. A container whose label of the
// project can't be read counts as another project's.
func (o Ownership) doubt(doc *desired.Document, c engine.Container) {
	if part := c.Claim.Unread.Part; part != engine.PartService && part != engine.PartLasting {
		return
	}
	for _, s := range doc.Services {
		h := o.Holdings[s.Name]
		named := s.Container == "" && replicaNumber(doc.Project, s.ComposeService, c.Name) > 0
		if named && len(h.Replicas) == 0 && h.Trouble.Kind == "" && h.Hidden.Kind == "" {
			h.Hidden = unread(c)
			o.Holdings[s.Name] = h
		}
	}
}

func unread(c engine.Container) Doubt {
	return Doubt{Kind: LabelUnread, Container: c.Name, Label: c.Claim.Unread.Label}
}
