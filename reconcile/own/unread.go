package own

import (
	"fmt"
	"slices"

	"reconciler/desired"
	"reconciler/engine"
)

// conceal takes out the containers of which a label can't be read: it can't be
// told what they depend on, or replace.
func (h *Holding) conceal() {
	h.Replicas = slices.DeleteFunc(h.Replicas, func(r Replica) bool {
		if r.Container.Claim.Unread.Part != "" {
			h.Hidden = unread(r.Container)
		}
		return r.Container.Claim.Unread.Part != ""
	})
}

// doubt hides what an orphan may be of which it can't be read whose it is: the
// one container of the service whose name it has. Nobody is told then that this
// service has none. One whose project can't be read is another project's, for
// that of the document could be.
func (o Ownership) doubt(doc *desired.Document, c engine.Container) {
	if part := c.Claim.Unread.Part; part != engine.PartService && part != engine.PartLasting {
		return
	}
	for _, s := range doc.Services {
		h := o.Holdings[s.Name]
		named := s.Container == "" && replicaNumber(doc.Project, s.ComposeService, c.Name) > 0
		if named && len(h.Replicas) == 0 && h.Trouble.Kind == "" && h.Hidden == "" {
			h.Hidden = unread(c)
			o.Holdings[s.Name] = h
		}
	}
}

// unread says of which label a container can't be told for whose it is.
func unread(c engine.Container) string {
	return fmt.Sprintf("%s has a label %s that can't be read, for it is too long or no line of text, so nothing is done: "+
		"take it out of the image, or the Compose file, and make the container again", c.Name, c.Claim.Unread.Label)
}
