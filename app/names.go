package app

import (
	"maps"
	"sync"

	"reconciler/desired"
	"reconciler/reconcile/containers"
)

// names remembers containers.Names of the last document. The zero value is
// ready for use by any number of goroutines.
type names struct {
	mu   sync.Mutex
	doc  *desired.Document
	last map[string]bool
	told map[string]bool // as moved saw them last
}

func (n *names) of(doc *desired.Document) map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.doc != doc {
		n.doc, n.last = doc, containers.Names(doc)
	}
	return n.last
}

// moved reports whether the names are others than when it was asked last.
func (n *names) moved(doc *desired.Document) bool {
	now := n.of(doc)
	n.mu.Lock()
	defer n.mu.Unlock()
	was := n.told
	n.told = now
	return !maps.Equal(was, now)
}
