package own

import "reconciler/engine"

// TroubleKind says why it can't be told which containers are a service's. The zero
// value: it can.
type TroubleKind string

// The kinds.
const (
	SameNumber  TroubleKind = "same_number"  // each of them could be the same replica
	TwoServices TroubleKind = "two_services" // another service claims it, too
	OddName     TroubleKind = "odd_name"     // labelled as the service's, and named otherwise
	NameTaken   TroubleKind = "name_taken"   // another project's container has its name
)

// Trouble is a kind and its subject. The zero value: none.
type Trouble struct {
	Kind    TroubleKind
	Service string // as the file calls it
	// Containers are those of which it can't be told; never empty.
	Containers []engine.Container
	Number     int // of the replica, for SameNumber
}
