// Package reconcile goes from is to should. A Reconciler decides about one
// service at a time and makes the calls; a Loop calls it whenever something was
// heard, became due or is to be looked at again. Both know services: what an
// engine's unit is, and what is done to it, is a driver.Driver's.
//
// It is level-triggered: events say which service to look at, never what is.
//
// Guarantees:
//   - There is never more than one call to a container under way.
//   - What this program runs in or depends on is never stopped or restarted.
//   - Nothing is decided while the view of the world isn't whole.
//   - An action is made only if it follows from the document in force and from
//     a look at the container that is newer than the last call to it.
//   - Nothing is decided or called while another process may keep the file, too.
//   - Ending a Loop stops no container.
package reconcile

import (
	"fmt"
	"sync"
	"time"

	"reconciler/desired"
	"reconciler/reconcile/driver"
)

// Desired is what should be, and what must outlive the process. A
// desired.Store is one.
type Desired interface {
	Snapshot() desired.Snapshot
	LoadMemory() (desired.Memory, error)
	SaveMemory(desired.Memory) error
	// Held returns nil while this process alone keeps it. It is asked before
	// each call, and returns soon.
	Held() error
	// Hold is Held, and tries to keep it again. It is asked at each tick.
	Hold() error
	Troubles() []string // what keeps it from being looked at; empty: nothing
	Warnings() []string // what the user should know of it; empty: nothing
}

// Options says what to reconcile with what. Driver and Desired are required.
type Options struct {
	Driver   driver.Driver
	Desired  Desired
	Host     *Host            // that it shares with the other projects of the engine; nil: there are none
	Recorder Recorder         // nil: nobody
	Now      func() time.Time // nil: time.Now
	DryRun   bool             // decide and report, never act
	Ticked   func()           // called whenever the loop has proven that it works; nil: nobody
}

// Reconciler knows what is to be done to the services of one project. It starts
// no goroutine; its methods may be called by any number of them.
type Reconciler struct {
	opt    Options
	failed bool // the last writing of the memory; belongs to Save

	mu       sync.Mutex
	entries  map[desired.Key]*entry // of the services that the file lists
	look     driver.Look            // the newest
	heeded   driver.Look            // that about which Affected was asked last
	unsaved  bool                   // what must outlive the process is newer than what is or was written last
	saved    chan struct{}          // closed once what is unsaved was written, or could not be
	writing  chan struct{}          // the same of what is being written; nil: nothing is
	changed  chan struct{}
	ticked   time.Time
	stopping bool
	unheld   error // why another process may keep the file; nil: none does
	turned   bool  // that it may, or may no more, has not reached each service yet
}

// New returns a Reconciler that has decided nothing yet. It fails if what must
// outlive the process can't be read.
func New(opt Options) (*Reconciler, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Host == nil {
		opt.Host = NewHost()
	}
	if opt.Recorder == nil {
		opt.Recorder = Recorders{}
	}
	if opt.Ticked == nil {
		opt.Ticked = func() {}
	}
	doc := opt.Desired.Snapshot().Document
	memory, err := opt.Desired.LoadMemory()
	if err != nil {
		return nil, fmt.Errorf("load what is remembered of %s: %w", doc.Project, err)
	}
	r := &Reconciler{
		opt:     opt,
		entries: make(map[desired.Key]*entry),
		changed: make(chan struct{}),
		saved:   make(chan struct{}),
	}
	r.recall(doc, memory)
	return r, nil
}

// looked is the newest look at the world, judged by that document; the caller
// holds r.mu.
func (r *Reconciler) looked(doc *desired.Document) driver.Look {
	r.look = r.opt.Driver.Look(doc, r.done(doc), r.look)
	return r.look
}

// given is what a decision about the service needs to know besides; the caller
// holds r.mu.
func (r *Reconciler) given(key desired.Key, now time.Time) driver.Given {
	return driver.Given{Now: now, Budget: r.opt.Host.left(key, now), UnderWay: r.opt.Host.underWay}
}

// record completes the events and passes them on; the caller does not hold r.mu.
func (r *Reconciler) record(events []Event) {
	if len(events) == 0 {
		return
	}
	project := r.opt.Desired.Snapshot().Document.Project
	for _, e := range events {
		e.Project = project
		r.opt.Recorder.Record(e)
	}
}

// tell passes on one event of now.
func (r *Reconciler) tell(e Event) {
	e.Time = r.opt.Now()
	r.record([]Event{e})
}
