// Package reconcile goes from is to should. A Reconciler decides about one
// service at a time and makes the engine calls; a Loop calls it whenever
// something was heard, became due or is to be looked at again.
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
	"maps"
	"sync"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/observed"
	"reconciler/reconcile/own"
	"reconciler/reconcile/plan"
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

// Options says what to reconcile with what. Engine, World and Desired are
// required.
type Options struct {
	Engine   engine.Engine
	World    *observed.Observer
	Desired  Desired
	Recorder Recorder         // nil: nobody
	Now      func() time.Time // nil: time.Now
	Self     engine.Self      // what is never stopped or restarted follows from it
	DryRun   bool             // decide and report, never act
	Ticked   func()           // called whenever the loop has proven that it works; nil: nobody
}

// Reconciler knows what is to be done. It starts no goroutine; its methods may
// be called by any number of them.
type Reconciler struct {
	opt Options

	lanes  lanes
	failed bool // the last writing of the memory; belongs to Save

	mu       sync.Mutex
	own      ownership // of the newest view
	heeded   ownership // of the view about which Affected was asked last
	pasts    map[string]plan.Past
	inFlight map[string]engine.Verb // by container ID
	budget   budget                 // of crash restarts
	memory   desired.Memory         // what must outlive the process
	unsaved  bool                   // memory is newer than what is or was written last
	saved    chan struct{}          // closed once what is unsaved was written, or could not be
	writing  chan struct{}          // the same of what is being written; nil: nothing is
	services map[string]*tracked
	changed  chan struct{}
	ticked   time.Time
	stopping bool
	unheld   error // why another process may keep the file; nil: none does
	turned   bool  // that it may, or may no more, has not reached each service yet
}

// Call is an action, or a look, that was decided on and has to be carried out
// with Carry. The Action of a look is zero.
type Call struct {
	Service string
	Action  plan.Action
	look    string // ID of the container to look at; empty: it is an action
	turn    *turn  // of the host's budget, that it uses up; nil: none
	before  engine.Container
	config  desired.Service
	saved   <-chan struct{} // closed once what it follows from was written; nil: it is
}

// New returns a Reconciler that has decided nothing yet. It fails if what must
// outlive the process can't be read.
func New(opt Options) (*Reconciler, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Recorder == nil {
		opt.Recorder = Recorders{}
	}
	if opt.Ticked == nil {
		opt.Ticked = func() {}
	}
	memory, err := opt.Desired.LoadMemory()
	if err != nil {
		return nil, fmt.Errorf("load what is remembered of %s: %w", opt.Desired.Snapshot().Document.Project, err)
	}
	r := &Reconciler{
		opt: opt, memory: memory, lanes: newLanes(),
		pasts:    make(map[string]plan.Past),
		inFlight: make(map[string]engine.Verb),
		services: make(map[string]*tracked),
		changed:  make(chan struct{}),
		saved:    make(chan struct{}),
	}
	r.sweep(opt.Desired.Snapshot().Document)
	return r, nil
}

// Decide decides about one service and publishes its status. The calls are the
// caller's to Carry, each exactly once, at once or concurrently; next is when
// to decide again although nothing was heard, zero for never. A service that
// the file doesn't list needs nothing. It waits for no disk: what must outlive
// the process is for Save.
func (r *Reconciler) Decide(service string) (calls []Call, next time.Time) {
	began := r.opt.Now()
	r.mu.Lock()
	snap := r.opt.Desired.Snapshot()
	s, listed := snap.Document.Service(service)
	if !listed {
		r.mu.Unlock()
		return nil, time.Time{}
	}
	view := r.opt.World.View()
	if blind := r.blindness(view); blind.Reason != "" {
		r.blind(snap, s, blind)
		r.mu.Unlock()
		return nil, time.Time{}
	}
	whose := r.owned(snap.Document, view)
	holding := whose.result.Holdings[service]
	around := r.around(view, whose)
	around.InFlight = r.calls(snap.Document.Key(service), holding)
	around.DryRun, around.Budget = r.opt.DryRun, r.budget.left(service, began)
	past := r.past(service)
	p := plan.Diff(s, holding, around, past, began)
	r.pasts[service] = p.Past
	r.budget.queue(service, p.Queued)
	for _, a := range p.Actions {
		r.inFlight[a.ID] = a.Verb
		call := Call{Service: service, Action: a, before: find(holding, a.ID), config: s}
		if a.Crash {
			call.turn = r.budget.take(a.Verb, began)
		}
		calls = append(calls, call)
	}
	for _, id := range p.Look {
		calls = append(calls, Call{Service: service, look: id})
	}
	var events []Event
	switch {
	case !past.RestartPending() || p.Past.RestartPending():
	case past.RestartMade(p.Past):
		r.track(service).acts.Ended++
	default:
		events = append(events, r.giveUp(s, p))
	}
	events = append(events, r.publish(snap, s, holding, p)...)
	r.remember(service, p.Past)
	for i := range calls {
		if calls[i].saved = r.writing; r.unsaved {
			calls[i].saved = r.saved
		}
	}
	r.mu.Unlock()

	events = append(events, Event{Time: began, Kind: KindDecided, Service: service, Outcome: OutcomeOK, Took: r.opt.Now().Sub(began)})
	r.record(events)
	return calls, p.Next
}

// around is what a decision needs to know of the world; the caller holds r.mu.
func (r *Reconciler) around(view observed.View, whose ownership) plan.Around {
	touched := make(map[string]plan.Touch, len(view.Touched))
	for id, t := range view.Touched {
		touched[id] = plan.Touch(t)
	}
	return plan.Around{
		Project: whose.doc.Project, Since: view.Since, Seen: view.Seen, Touched: touched,
		Self: whose.self, Neighbours: whose.around,
	}
}

// calls are those under way to what the service owns; the caller holds r.mu.
func (r *Reconciler) calls(service desired.Key, h own.Holding) map[engine.Target]engine.Verb {
	var calls map[engine.Target]engine.Verb
	for _, replica := range h.Replicas {
		if verb, ok := r.inFlight[replica.Container.ID]; ok {
			if calls == nil {
				calls = make(map[engine.Target]engine.Verb)
			}
			calls[engine.Target{Key: service, Number: replica.Number}] = verb
		}
	}
	return calls
}

// past returns what is remembered of the service; the caller holds r.mu.
func (r *Reconciler) past(service string) plan.Past {
	if p, ok := r.pasts[service]; ok {
		return p
	}
	return plan.Past{Kept: r.memory[service]}
}

func find(h own.Holding, id string) engine.Container {
	for _, r := range h.Replicas {
		if r.Container.ID == id {
			return r.Container
		}
	}
	return engine.Container{}
}

// remember takes what must outlive the process of the service's past into the
// memory; the caller holds r.mu.
func (r *Reconciler) remember(service string, p plan.Past) {
	if r.memory[service].Equal(p.Kept) {
		return
	}
	m := maps.Clone(r.memory)
	if m == nil {
		m = make(desired.Memory)
	}
	m[service] = p.Kept
	r.memory, r.unsaved = m, true
}

// Save writes what must outlive the process, if that has changed. It takes as
// long as the disk does. It is for one goroutine, after each decision. A failure
// is a warning, the first of several in a row, and is tried again by the next
// Save. Until then it costs at most one needless run of a job after a restart.
func (r *Reconciler) Save() {
	r.mu.Lock()
	newest, unsaved, done := r.memory, r.unsaved, r.saved
	if unsaved {
		r.unsaved, r.writing, r.saved = false, done, make(chan struct{})
	}
	r.mu.Unlock()
	if !unsaved {
		return
	}
	err := r.opt.Desired.SaveMemory(newest)
	again := r.failed
	r.failed = err != nil
	r.mu.Lock()
	close(done)
	r.unsaved, r.writing = r.unsaved || r.failed, nil
	r.mu.Unlock()
	if r.failed && !again {
		r.tell(Event{Kind: KindWarning, Message: "what is remembered could not be saved; it is tried again with each decision", Err: err})
	}
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
