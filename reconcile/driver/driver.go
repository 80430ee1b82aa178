// Package driver is the seam between the loop and a kind of engine. The loop
// (reconcile) knows services: it queues them, remembers what was decided, bounds,
// counts, tells and shows. What a service's unit is, whose it is, what should be
// done to it and how that is done is a Driver's. reconcile/containers is the one
// for engines whose unit is the container; one for an engine whose unit is a
// service (Swarm) would stand beside it, and nothing above would change.
package driver

import (
	"context"
	"errors"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
	"reconciler/reconcile/plan"
)

// ErrGuarded: the call wasn't made, for it would have ended what this program
// runs in, or what answers it.
var ErrGuarded = errors.New("refused by the guard")

// Driver is one project on one engine. Its methods may be called by any number
// of goroutines at once.
type Driver interface {
	// Look judges by the document what is observed now. done reports whether a job
	// is recorded as finished; it is called before Look returns. before is an
	// earlier Look, which is returned if it still holds, or nil. It returns at
	// once: it asks no engine.
	Look(doc *desired.Document, done func(service string) bool, before Look) Look
	// LookNow asks for a look at everything, soon. It returns at once.
	LookNow()
	// Refresh looks at one container (plan.Plan.Look). It returns an error if that
	// failed; what it found is in the next Look.
	Refresh(ctx context.Context, id string) error
}

// Look is what is observed at one moment, judged by one document. It is a value:
// its methods may be called by any number of goroutines, do no I/O, and always
// answer the same.
type Look interface {
	// Blind returns why nothing may be decided by it, for not everything is
	// observed; nil: it may.
	Blind() error
	// Decide decides about one service of the document.
	Decide(s desired.Service, past plan.Past, given Given) Decision
	// Restartable returns the IDs of the containers that a restart of the service
	// is about, at least one, or why it can't be restarted, for a person.
	Restartable(s desired.Service, past plan.Past, given Given) (ids []string, refusal string)
	// Followers returns the services that are to be restarted because that one
	// was (`restart: true` in depends_on). now tells which are suspended.
	Followers(restarted desired.Service, now time.Time) []Follower
	// Moved returns the services of the document, as it calls them, about which
	// there may be something new to decide since the Look before. Before may be
	// nil, or by another document: then all of them.
	Moved(before Look) map[string]bool
	// Orphans returns what belongs to no listed service, by name.
	Orphans() []own.Orphan
}

// Given is what a decision needs to know besides what is observed. The zero value
// allows no restart after a crash.
type Given struct {
	Now    time.Time
	Budget plan.Budget
	DryRun bool // what would be done is said, and no call is decided on
	// UnderWay returns the call that is made now to that replica, or to that
	// container; nil: none is. An empty ID is no container's.
	UnderWay func(t engine.Target, id string) (engine.Verb, bool)
}

// Decision is what should be done about one service now, and what that was
// decided on.
type Decision struct {
	plan.Plan
	Calls []Call             // one for each of Plan.Actions, in their order
	Shown []engine.Container // what the service has; by number
}

// Call is one call to the engine that was decided on. Make is called at most
// once, and Result once after it.
type Call interface {
	Action() plan.Action
	// Make makes the call. It blocks for as long as the engine does: for a stop,
	// up to the service's grace. Errors: ErrGuarded, and those of engine.Engine.
	Make(ctx context.Context) error
	// Result looks at what came of it, given what Make returned.
	Result(ctx context.Context, err error) plan.Result
}

// Follower is a service that is restarted because another one was.
type Follower struct {
	Service string   // as the file calls it
	IDs     []string // of its containers that are to be restarted; empty: none
	// Left says of each container that runs and isn't restarted why, for a
	// person.
	Left []string
}
