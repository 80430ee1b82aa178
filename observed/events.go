package observed

import (
	"maps"
	"time"

	"reconciler/engine"
)

// lateEvents is how long after a call its events may still come.
const lateEvents = 2 * time.Second

// expectation is what the engine will tell of a call of our own.
type expectation struct {
	left  map[engine.Action]int
	until time.Time // zero: the call is still under way
}

// Expect says that a call of our own is about to be made to the container. Its
// events, each as often as the call causes it, are swallowed until a moment
// after done was called: whoever made the call looks at the result with
// Refresh, once, instead of with each event.
func (o *Observer) Expect(id string, verb engine.Verb) (done func()) {
	left := make(map[engine.Action]int)
	maps.Copy(left, verb.Traits().Events)
	x := &expectation{left: left}
	o.mu.Lock()
	o.expected[id] = x
	o.mu.Unlock()
	return func() {
		o.mu.Lock()
		x.until = o.opt.Now().Add(lateEvents)
		o.mu.Unlock()
	}
}

// expects reports whether the event is one of our own doing, and counts it;
// the caller holds o.mu.
func (o *Observer) expects(e engine.Event) bool {
	x := o.expected[e.ID]
	if x == nil || !x.until.IsZero() && o.opt.Now().After(x.until) {
		return false
	}
	if e.Action == engine.ActionStart { // what ends after it, it began
		x.left[engine.ActionKill], x.left[engine.ActionDie] = 0, 0
	}
	if x.left[e.Action] == 0 {
		return false
	}
	x.left[e.Action]--
	return true
}

// Note takes in one event. It only writes down which container it names, and
// returns at once.
func (o *Observer) Note(e engine.Event) {
	o.opt.Heard(Heard{Action: e.Action})
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lastWord = o.opt.Now()
	if !o.concerns(e.ID, e.Name, e.Claim.Project) || o.expects(e) {
		return
	}
	switch e.Action {
	case engine.ActionKill: // what the signal does is told by what follows
		if e.Signal != 9 {
			o.touch(e.ID)
		}
		return
	case engine.ActionCreate, engine.ActionDestroy:
		o.touch(e.ID)
	case engine.ActionStart, engine.ActionDie, engine.ActionOOM, engine.ActionPause, engine.ActionUnpause,
		engine.ActionRename, engine.ActionHealth: // a look tells what they did, as it does for an unknown one
	}
	o.dirty[e.ID] = true
	signal(o.wake)
}

// touch remembers that somebody else is at work on the container; the caller
// holds o.mu.
func (o *Observer) touch(id string) {
	now := o.opt.Now()
	t := o.touched[id]
	if now.Sub(t.Last) > touchGap || o.known[id].StartedAt.After(t.Last) {
		t.First = now
	}
	t.Last = now
	o.touched[id] = t
}

// takeDirty empties the set of what is to be inspected and returns it.
func (o *Observer) takeDirty() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	refs := make([]string, 0, len(o.dirty))
	for ref := range o.dirty {
		refs = append(refs, ref)
	}
	clear(o.dirty)
	return refs
}

// retry makes dirty again what could not be inspected.
func (o *Observer) retry() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for ref := range o.failed {
		o.dirty[ref] = true
	}
	clear(o.failed)
	signal(o.wake)
}
