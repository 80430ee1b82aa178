// Package observed keeps what is: the last known containers of one project.
//
// Facts come from inspects alone. A list only tells which containers to
// inspect, and an event only names one, because events are dropped and lists
// don't hold enough to act on. So the cost is one list on connecting and on
// each resync, and one inspect for each change.
//
// Guarantees:
//   - An older inspect never replaces a newer one.
//   - The reader of events only writes names into a set; it never waits for
//     work, for an unread stream slows down every user of the engine.
//   - While the engine can't be asked, View.Up is false and the containers are
//     what they were; nothing may be decided on them.
//   - A container leaves a view that is Up only after the engine said that it
//     isn't there.
//
// All methods of an Observer may be called by any number of goroutines.
package observed

import (
	"sync"
	"sync/atomic"
	"time"

	"reconciler/engine"
)

// Options says what to observe.
type Options struct {
	Engine  engine.Engine
	Project string
	// Names returns the names under which containers without the project's
	// label matter too; nobody changes the map. nil: none.
	Names func() map[string]bool
	// Self is what this program runs in: that matters too, whatever its labels,
	// and so do the containers whose namespaces it shares.
	Self engine.Self
	// Resync is how often everything is listed anew, at least; 0: 30 s.
	Resync time.Duration
	Now    func() time.Time // nil: time.Now
	// Heard is called for what a metric or a log wants to know besides the view;
	// it must return at once. nil: nobody.
	Heard func(Heard)
}

// View is what is known at one time. It is a value; nobody changes it.
type View struct {
	Version int64 // +1 for each change
	Up      bool  // subscribed and listed; false: nothing may be decided
	Err     error // why not Up; nil before the first attempt
	Info    engine.Info
	First   time.Time // when it was Up for the first time; zero: never
	Since   time.Time // when it was Up again after the last loss

	// Containers are by name, then ID. One that could not be inspected since
	// the engine was reached is left out until it can be; where a list shows it, it
	// is among Hidden, by name, then ID.
	Containers []engine.Container
	Hidden     []engine.Summary
	Seen       map[string]time.Time // container ID → first sight
	Touched    map[string]Touch     // container ID → what others did to it
	// Unread is why a container can't be inspected now, by its ID. It is in Hidden,
	// or what Containers has of it is what it was before.
	Unread map[string]error
}

// Touch is what others did to a container: a create, a destroy, or a signal
// other than SIGKILL, which isn't how one stops a container that is to stop.
// First begins a series without a gap of touchGap, and without a start: who has
// started it has finished that work.
type Touch struct{ First, Last time.Time }

const touchGap = time.Minute

// Heard is something that a metric or a log wants to know; exactly one of
// Action, Resynced, Connected and Lost is set.
type Heard struct {
	Action    engine.Action // an event was delivered
	Resynced  bool          // a list was read: Took, Changed
	Connected *engine.Info  // subscribed and listed
	Lost      error         // the engine can't be asked any more
	Took      time.Duration
	Changed   int // containers that the list showed to differ from the view
}

// Observer keeps the view.
type Observer struct {
	opt     Options
	changed atomic.Pointer[func()]
	view    atomic.Pointer[View]
	wake    chan struct{} // something is dirty
	fail    chan struct{} // something has failed
	look    chan struct{} // somebody wants a resync

	mu       sync.Mutex
	up       bool
	known    map[string]engine.Container // by ID
	listed   map[string]engine.Summary   // by ID: in a list, and not known
	asked    map[string]int64            // ID → sequence number of the inspect behind known
	trusted  int64                       // what was known by then may have changed in every detail
	seen     map[string]time.Time
	touched  map[string]Touch
	expected map[string]*expectation
	dirty    map[string]bool // IDs and names to inspect
	failed   map[string]bool // whose inspect failed: to be tried again soon
	unread   map[string]error
	flights  map[string]*flight
	seq      int64         // of the last inspect
	changes  int64         // seen by inspects, of which the engine tells with an event too
	lastWord time.Time     // when a stream last delivered, be it about a foreign container
	took     time.Duration // of the last list
}

// New returns an Observer of which nothing is known yet; it starts nothing.
func New(opt Options) *Observer {
	if opt.Resync <= 0 {
		opt.Resync = 30 * time.Second
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Names == nil {
		opt.Names = func() map[string]bool { return nil }
	}
	if opt.Heard == nil {
		opt.Heard = func(Heard) {}
	}
	o := &Observer{
		opt: opt, wake: make(chan struct{}, 1), fail: make(chan struct{}, 1), look: make(chan struct{}, 1),
		known: map[string]engine.Container{}, listed: map[string]engine.Summary{}, asked: map[string]int64{}, seen: map[string]time.Time{},
		touched: map[string]Touch{}, expected: map[string]*expectation{},
		dirty: map[string]bool{}, failed: map[string]bool{}, unread: map[string]error{}, flights: map[string]*flight{},
	}
	o.view.Store(&View{})
	o.Subscribe(func() {})
	return o
}

// Subscribe sets who is called after each change of the view from now on; changed
// must return at once.
func (o *Observer) Subscribe(changed func()) { o.changed.Store(&changed) }

// tell says that the view has changed; the caller doesn't hold o.mu.
func (o *Observer) tell() { (*o.changed.Load())() }

// View returns what is known now.
func (o *Observer) View() View { return *o.view.Load() }

// LookNow asks for a resync soon. It returns at once.
func (o *Observer) LookNow() { signal(o.look) }

// signal wakes the one who waits on c; more than one signal at a time is one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
