package main

import (
	"sync"

	"reconciler/desired"
	"reconciler/reconcile"
)

// names remembers reconcile.Names of the last document. The zero value is
// ready for use by any number of goroutines.
type names struct {
	mu   sync.Mutex
	doc  *desired.Document
	last map[string]bool
}

func (n *names) of(doc *desired.Document) map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.doc != doc {
		n.doc, n.last = doc, reconcile.Names(doc)
	}
	return n.last
}
