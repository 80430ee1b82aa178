package plan

import (
	"maps"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

// Past is what a service's decisions must remember from one to the next. It is
// an argument and a result of Diff and never changed in place. The zero value
// remembers nothing, which is safe: the cost is one quicker retry.
type Past struct {
	// Kept outlives the program; the rest doesn't.
	desired.Kept

	// intent is what was wanted at the last decision, and moved whether it
	// changed since the first one.
	intent string
	moved  bool
	// hurry: somebody asked to try now; what others did to a container before
	// it is no longer waited for.
	hurry time.Time
	// view is the Around.Since of the last decision.
	view time.Time
	// unconverged is since when the service is not as wanted; zero: it is.
	unconverged time.Time

	containers map[string]record // by container ID
}

// observe returns the past with what can be seen now: what changed since the
// last decision, and what that means for the back-offs.
func (p Past) observe(service desired.Service, have own.Holding, around Around, now time.Time) Past {
	intent := intentOf(service, now)
	l := look{
		now: now, service: service, neighbours: around.Neighbours,
		flipped: p.intent != "" && p.intent != intent, reborn: !p.view.Equal(around.Since),
	}
	p.intent, p.view = intent, around.Since
	if l.flipped {
		p.moved, p.unconverged = true, time.Time{}
	}

	known := p.containers
	p.containers = make(map[string]record, len(have.Replicas))
	vague := have.Trouble.Kind != "" || have.Hidden.Kind != ""
	if vague || len(have.Replacing) > 0 {
		maps.Copy(p.containers, known) // it will be told who is who, later
	} else {
		p.Healthy = healthyOnce(p.Healthy, have.Replicas)
	}
	running := 0
	for _, r := range have.Replicas {
		c := r.Container
		l.is = c
		_, l.busy = around.InFlight[around.target(service, r.Number)]
		l.touched = around.Touched[c.ID].Last
		p.containers[c.ID] = known[c.ID].observe(l)
		if c.State.Alive() {
			running++
		}
		if service.Job && c.State == engine.StateExited && !l.busy {
			p.Done = doneIn(c, p.Done)
		}
	}
	if p.Replicas == 0 && !vague && !growing(service, have, around, now) {
		p.Replicas = running
		if running == 0 {
			p.Replicas = len(have.Replicas)
		}
	}
	return p
}

// growing reports whether somebody may be about to create more of the service's
// containers, or to start those that he created.
func growing(service desired.Service, have own.Holding, around Around, now time.Time) bool {
	return slices.ContainsFunc(have.Replicas, func(r own.Replica) bool {
		return r.Container.State == engine.StateCreated && now.Before(around.Seen[r.Container.ID].Add(service.Settle))
	})
}

// healthyOnce are those of the containers that are known to have been healthy
// once, or are now.
func healthyOnce(known []string, replicas []own.Replica) []string {
	var ids []string
	for _, r := range replicas {
		if c := r.Container; slices.Contains(known, c.ID) || c.Running() && c.Health == engine.HealthHealthy {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// doneIn returns in which container the job is known to be done, now that c
// has exited.
func doneIn(c engine.Container, before string) string {
	switch {
	case c.ExitCode == 0:
		return c.ID
	case before == c.ID:
		return ""
	}
	return before
}

// intentOf tells two intents apart exactly when the difference is one that
// makes all earlier trouble worth another try.
func intentOf(s desired.Service, now time.Time) string {
	want := s.At(now)
	intent := string(want.State)
	if want.Held {
		intent += " suspended"
	}
	return intent
}

// After returns the past with the result of a call.
func (p Past) After(r Result, retry desired.Retry) Past {
	p.containers = maps.Clone(p.containers)
	if p.containers == nil {
		p.containers = make(map[string]record)
	}
	p.containers[r.Action.ID] = p.containers[r.Action.ID].after(&r, retry)
	return p
}

// Looked returns the past with a look at the container that began then: it was
// asked for by Plan.Look, and succeeded. What came of a call was seen by it.
func (p Past) Looked(id string, began time.Time) Past {
	p.containers = maps.Clone(p.containers)
	if rec, ok := p.containers[id]; ok {
		rec.inquiry.answered, rec.call.unseen = began, ""
		p.containers[id] = rec
	}
	return p
}

// Try returns the past with all back-off, failures and lack of progress
// forgotten: somebody asked to try now.
func (p Past) Try(now time.Time) Past {
	p.containers = maps.Clone(p.containers)
	for id, rec := range p.containers {
		p.containers[id] = rec.forgiven()
	}
	p.hurry = now
	p.unconverged = time.Time{}
	return p
}

// AskRestart returns the past with a restart asked for of each of the
// containers. Asking again before it was made changes nothing.
func (p Past) AskRestart(ids []string) Past {
	p.containers = maps.Clone(p.containers)
	if p.containers == nil {
		p.containers = make(map[string]record)
	}
	for _, id := range ids {
		rec := p.containers[id].forgiven()
		rec.asked = rec.asked.again()
		p.containers[id] = rec
	}
	return p
}

// RestartPending reports whether a restart was asked for and not yet made.
func (p Past) RestartPending() bool {
	for _, rec := range p.containers {
		if rec.asked.pending() {
			return true
		}
	}
	return false
}

// RestartMade reports whether next is known to differ from p by a restart that
// the engine didn't answer, and that was made all the same.
func (p Past) RestartMade(next Past) bool {
	for id, rec := range p.containers {
		is, there := next.containers[id]
		if rec.asked == askedUnanswered && there && !is.asked.pending() && is.sight.began.After(rec.sight.began) {
			return true
		}
	}
	return false
}
