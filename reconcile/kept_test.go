package reconcile

import (
	"sync"
	"testing"

	"reconciler/desired"
)

// kept is a Desired in memory.
type kept struct {
	snap   desired.Snapshot
	memory desired.Memory
	saves  int
	full   error         // why nothing can be saved; nil: it can
	hung   chan struct{} // nothing is saved before it is closed; nil: it is at once
	then   func()        // happens once, right after the next look

	warnings []string

	lock   sync.Mutex // a loop looks at each tick, whatever the test does
	unheld error      // why it isn't held; nil: it is
	again  bool       // it can be
}

func (k *kept) Snapshot() desired.Snapshot {
	snap := k.snap
	if then := k.then; then != nil {
		k.then = nil
		then()
	}
	return snap
}

func (k *kept) LoadMemory() (desired.Memory, error) { return k.memory, nil }
func (k *kept) SaveMemory(m desired.Memory) error {
	if k.hung != nil {
		<-k.hung
	}
	k.saves++
	if k.full == nil {
		k.memory = m
	}
	return k.full
}

func (k *kept) Held() error {
	k.lock.Lock()
	defer k.lock.Unlock()
	return k.unheld
}

func (k *kept) Hold() error {
	k.lock.Lock()
	defer k.lock.Unlock()
	if k.again {
		k.unheld = nil
	}
	return k.unheld
}

// lose makes it held by nobody known; back lets it be held again.
func (k *kept) lose(why error) {
	k.lock.Lock()
	defer k.lock.Unlock()
	k.unheld = why
}

func (k *kept) back() {
	k.lock.Lock()
	defer k.lock.Unlock()
	k.again = true
}
func (k *kept) Troubles() []string { return nil }
func (k *kept) Warnings() []string { return k.warnings }

func (k *kept) write(t *testing.T, text string) {
	t.Helper()
	doc, err := desired.Parse("state.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	k.snap = desired.Snapshot{Document: doc, Generation: k.snap.Generation + 1, Actor: "file"}
}
