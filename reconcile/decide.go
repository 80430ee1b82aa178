package reconcile

import (
	"time"

	"reconciler/desired"
	"reconciler/reconcile/driver"
	"reconciler/reconcile/plan"
)

// Call is an action, or a look, that was decided on and has to be carried out
// with Carry.
type Call struct {
	Key     desired.Key
	Service desired.Service // as it was decided about
	call    driver.Call     // nil: it is a look
	look    string          // ID of the container to look at
	flight  *flight         // nil: it is a look
	saved   <-chan struct{} // closed once what it follows from was written; nil: it is
}

// Decide decides about one service and publishes its status. The calls are the
// caller's to Carry, each exactly once, at once or concurrently; next is when
// to decide again although nothing was heard, zero for never. A service that
// the file doesn't list needs nothing. It waits for no disk: what must outlive
// the process is for Save.
func (r *Reconciler) Decide(key desired.Key) (calls []Call, next time.Time) {
	began := r.opt.Now()
	r.mu.Lock()
	snap, s, listed := r.listed(key)
	if !listed {
		r.mu.Unlock()
		return nil, time.Time{}
	}
	look := r.looked(snap.Document)
	if blind := r.blindness(look); blind.Reason != "" {
		r.blind(snap, s, blind)
		r.mu.Unlock()
		return nil, time.Time{}
	}
	e := r.entry(key)
	was := e.past
	given := r.given(key, began)
	given.DryRun = r.opt.DryRun
	d := look.Decide(s, was, given)
	r.remember(e, d.Past)
	r.opt.Host.queue(key, d.Queued)
	for _, c := range d.Calls {
		if f := r.opt.Host.begin(c.Action(), began); f != nil {
			calls = append(calls, Call{Key: key, Service: s, call: c, flight: f})
		}
	}
	for _, id := range d.Look {
		calls = append(calls, Call{Key: key, Service: s, look: id})
	}
	for i := range calls {
		calls[i].saved = r.written()
	}
	events := append(e.settle(s, was, d.Plan, began), r.publish(snap, s, d)...)
	r.mu.Unlock()

	events = append(events, Event{Time: began, Kind: KindDecided, Service: s.Name, Outcome: OutcomeOK, Took: r.since(began)})
	r.record(events)
	return calls, d.Next
}

// settle ends the restart that was asked for if the decision took it out of the
// past: it was made, or it isn't made any more, which is told.
func (e *entry) settle(s desired.Service, was plan.Past, p plan.Plan, now time.Time) []Event {
	switch {
	case !was.RestartPending() || p.Past.RestartPending():
		return nil
	case was.RestartMade(p.Past):
		e.acts.Ended++
		return nil
	}
	why := "the container is gone, or one too many by now"
	switch {
	case s.State == desired.Stopped:
		why = "it is wanted stopped by now"
	case p.Trouble != "":
		why = p.Trouble
	}
	e.acts.fail(why)
	e.acts.Ended++
	return []Event{{Time: now, Kind: KindWarning, Service: s.Name, Message: "the restart that was asked for is given up: " + why}}
}

// keys are those of the services that the file lists.
func (r *Reconciler) keys() []desired.Key {
	doc := r.opt.Desired.Snapshot().Document
	keys := make([]desired.Key, len(doc.Services))
	for i, s := range doc.Services {
		keys[i] = doc.Key(s.Name)
	}
	return keys
}

// Affected returns the services about which something changed in the world or
// in the file since the last call, or whose suspension begins or ends now, and
// forgets those that the file no longer lists.
func (r *Reconciler) Affected() []desired.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	doc := r.opt.Desired.Snapshot().Document
	before := r.heeded // not r.look: whoever just looks renews that one
	look := r.looked(doc)
	r.heeded = look
	r.sweep(doc)
	moved, up := look.Moved(before), look.Blind() == nil
	now := r.opt.Now()
	var keys []desired.Key
	for _, s := range doc.Services {
		key := doc.Key(s.Name)
		e := r.entries[key]
		if !e.decided || e.up != up || moved[s.Name] || s.At(now).Held != (e.status.Suspended != nil) {
			keys = append(keys, key)
		}
	}
	return keys
}
