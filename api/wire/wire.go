// Package wire is what is told over HTTP in a form that no other package has:
// api writes it, and client reads it. docs/http.md says what each means, and
// openapi.json is made of these types.
package wire

import (
	"reconciler/desired"
	"reconciler/reconcile"
)

// Batch is what an edit of many services answers with.
type Batch struct {
	Generation int64               `json:"generation"` // in which they are as asked
	Services   []reconcile.Service `json:"services"`   // that were named, in file order
	Skipped    []string            `json:"skipped"`    // that were named and are left as they are
	Warnings   []string            `json:"warnings"`
}

// RevisionList is the history of the file.
type RevisionList struct {
	Generation int64              `json:"generation"` // that is in force
	Revisions  []desired.Revision `json:"revisions"`  // newest first
}

// RevisionText is one of it, with the file's text.
type RevisionText struct {
	desired.Revision
	State string `json:"state"`
}
