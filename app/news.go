package app

import (
	"time"

	"reconciler/desired"
	"reconciler/reconcile"
)

// news is what was told of the file. The zero value has told nothing.
type news struct {
	generation int64 // the newest one
	bad        bool  // of a problem, and not of its end
}

// events are what a report says that wasn't told yet. A generation is told
// once, also where the file is read again, or is bad when the program starts.
func (n *news) events(r desired.Report) []reconcile.Event {
	s := r.Snapshot
	e := reconcile.Event{Time: time.Now(), Project: s.Document.Project, Generation: s.Generation}
	was := *n
	n.generation, n.bad = s.Generation, r.Err != nil
	var events []reconcile.Event
	if s.Generation > was.generation {
		e := e
		e.Time, e.Kind, e.Actor, e.Message = s.Time, reconcile.KindStateAccepted, s.Actor, accepted(s)
		events = append(events, e)
	}
	switch {
	case r.Err != nil:
		e.Kind, e.Err = reconcile.KindStateRejected, r.Err
		events = append(events, e)
	case was.bad && events == nil:
		e.Kind, e.Message = reconcile.KindStateMended, "it is as it was accepted"
		events = append(events, e)
	}
	return events
}

// accepted is what a revision did, and why, in one line.
func accepted(s desired.Snapshot) string {
	if s.Reason == "" {
		return s.Summary
	}
	return s.Summary + " (" + s.Reason + ")"
}
