package own

import (
	"fmt"

	"reconciler/engine"
)

// Kind says why it can't be told which containers are a service's. The zero
// value: it can.
type Kind string

// The kinds.
const (
	SameNumber  Kind = "same_number"  // each of them could be the same replica
	TwoServices Kind = "two_services" // another service claims it, too
	OddName     Kind = "odd_name"     // labelled as the service's, and named otherwise
	NameTaken   Kind = "name_taken"   // another project's container has its name
)

// Trouble is a kind and its subject. The zero value: none.
type Trouble struct {
	Kind    Kind
	Service string // as the file calls it
	// Containers are those of which it can't be told; never empty.
	Containers []engine.Container
	Number     int // of the replica, for SameNumber
}

// Message says what the trouble is, and how a person settles it; "" of none.
func (t Trouble) Message() string {
	choice := "NAME"
	if len(t.Containers) > 0 {
		choice = t.Containers[0].Name
	}
	what := "it can't be told which containers are its own"
	switch t.Kind {
	case "":
		return ""
	case SameNumber:
		what = fmt.Sprintf("%s could each be replica %d", names(t.Containers), t.Number)
	case TwoServices:
		what, choice = choice+" is claimed by another service too", "NAME"
	case OddName:
		what = names(t.Containers) + " carries the service's labels but not a name of it"
	case NameTaken:
		f := t.Containers[0]
		return fmt.Sprintf("%s (%s) has the name that container_name gives to %s, but belongs to Compose project %q, service %q; rename it, or change container_name",
			f.Name, engine.ShortID(f.ID), t.Service, f.Claim.Project, f.Claim.Service)
	}
	return fmt.Sprintf("%s; nothing is done. To settle it, write under services.%s: container: %s", what, t.Service, choice)
}
