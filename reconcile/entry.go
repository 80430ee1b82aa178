package reconcile

import (
	"time"

	"reconciler/desired"
	"reconciler/reconcile/plan"
)

// entry is all that is known of one service: what its decisions remember, what
// was published, and the acts that were asked for. It goes with the service, as a
// whole. What is under way to its containers is the host's, for a call outlives
// the service that leaves the file.
type entry struct {
	past    plan.Past // past.Kept outlives the process
	status  Tracked
	decided bool // status says something
	up      bool // it was decided on a whole view
	seen    bool // it was so once
	// config is what the file said when it was decided about, in generation.
	config     desired.Service
	generation int64
	acts       Acts
	unready    plan.Reason // why it isn't ready, as told last
	episode    episode
}

// entry returns that of a service that the file lists; the caller holds r.mu.
func (r *Reconciler) entry(key desired.Key) *entry {
	e := r.entries[key]
	if e == nil { // listed since the last sweep
		e = &entry{}
		r.entries[key] = e
	}
	return e
}

// listed returns the service of that key, and what the file says of all; ok is
// false where it doesn't list it.
func (r *Reconciler) listed(key desired.Key) (snap desired.Snapshot, s desired.Service, ok bool) {
	snap = r.opt.Desired.Snapshot()
	if s, ok = snap.Document.Service(key.Service); snap.Document.Project != key.Project {
		ok = false
	}
	return snap, s, ok
}

// sweep makes the entries those of the services of the document; the caller
// holds r.mu.
func (r *Reconciler) sweep(doc *desired.Document) {
	for key, e := range r.entries {
		if _, listed := doc.Service(key.Service); listed && key.Project == doc.Project {
			continue
		}
		delete(r.entries, key)
		r.opt.Host.queue(key, false)
		r.unsaved = r.unsaved || !e.past.Kept.Equal(desired.Kept{})
	}
	for _, s := range doc.Services {
		r.entry(doc.Key(s.Name))
	}
}

// recall makes the entries those of the services of the document, with what is
// remembered of them. Nobody else knows r yet.
func (r *Reconciler) recall(doc *desired.Document, memory desired.Memory) {
	for _, s := range doc.Services {
		r.entry(doc.Key(s.Name)).past.Kept = memory[s.Name]
	}
	for service := range memory {
		if _, listed := doc.Service(service); !listed {
			r.unsaved = true // it left the file while the program was off
		}
	}
}

// memory is what must outlive the process; the caller holds r.mu.
func (r *Reconciler) memory() desired.Memory {
	m := make(desired.Memory, len(r.entries))
	for key, e := range r.entries {
		if !e.past.Kept.Equal(desired.Kept{}) {
			m[key.Service] = e.past.Kept
		}
	}
	return m
}

// done reports of the services of the document whether they are jobs that are
// recorded as finished; the caller holds r.mu while he asks.
func (r *Reconciler) done(doc *desired.Document) func(service string) bool {
	return func(service string) bool {
		e := r.entries[doc.Key(service)]
		return e != nil && e.past.Done != ""
	}
}

// remember makes that the past of the entry's service; the caller holds r.mu.
func (r *Reconciler) remember(e *entry, past plan.Past) {
	r.unsaved = r.unsaved || !e.past.Kept.Equal(past.Kept)
	e.past = past
}

// Save writes what must outlive the process, if that has changed. It takes as
// long as the disk does. It is for one goroutine, after each decision. A failure
// is a warning, the first of several in a row, and is tried again by the next
// Save. Until then it costs at most one needless run of a job after a restart.
func (r *Reconciler) Save() {
	r.mu.Lock()
	unsaved, done := r.unsaved, r.saved
	var newest desired.Memory
	if unsaved {
		newest = r.memory()
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

// written is closed once what is remembered now is written, or could not be; nil:
// it is; the caller holds r.mu.
func (r *Reconciler) written() <-chan struct{} {
	if r.unsaved {
		return r.saved
	}
	return r.writing
}

// since is how long ago that was.
func (r *Reconciler) since(t time.Time) time.Duration { return r.opt.Now().Sub(t) }
