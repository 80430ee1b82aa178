package reconcile

import (
	"time"

	"reconciler/engine"
	"reconciler/reconcile/plan"
)

// Kind says what an Event is about.
type Kind string

// The kinds of Event, a closed set.
const (
	KindStateAccepted   Kind = "state_accepted"   // a generation is in force; told once by each run of the program
	KindStateRejected   Kind = "state_rejected"   // the file can't be used; the last good one stays
	KindStateMended     Kind = "state_mended"     // the file is again the one that stayed in force
	KindEngineConnected Kind = "engine_connected" // subscribed and listed
	KindEngineLost      Kind = "engine_lost"      // Err says why
	KindResynced        Kind = "resynced"         // a list was read; Took is its time
	KindDrift           Kind = "drift"            // the world left the file; Cause says how; once each time
	KindAction          Kind = "action"           // an engine call was made; Outcome, Took; failed: Err, and in words for a person Reason, Message
	KindWithheld        Kind = "withheld"         // a dry run would have made a call; Message says which; once each time
	KindConverged       Kind = "converged"        // the service is as wanted again; Trigger, Took
	KindStalled         Kind = "stalled"          // nothing more will happen by itself; Reason, Message
	KindNotReady        Kind = "not_ready"        // it isn't what Ready means for it; Reason, Message; once each time the reason changes
	KindRequested       Kind = "requested"        // somebody asked for an act; Message is his reason
	KindDecided         Kind = "decided"          // one decision was made; Took
	KindWarning         Kind = "warning"          // Message says what a person should look at
)

// Kinds is the closed set of Kind.
func Kinds() []Kind {
	return []Kind{
		KindStateAccepted, KindStateRejected, KindStateMended, KindEngineConnected, KindEngineLost, KindResynced,
		KindDrift, KindAction, KindWithheld, KindConverged, KindStalled, KindNotReady, KindRequested, KindDecided, KindWarning,
	}
}

// Trigger says what made a service differ from what it should be.
type Trigger string

// The triggers, a closed set.
const (
	TriggerEdit  Trigger = "edit"  // of the file, by hand
	TriggerHTTP  Trigger = "http"  // a flip over HTTP
	TriggerDrift Trigger = "drift" // somebody or something else
	TriggerStart Trigger = "start" // it was so when the program started
)

// Triggers is the closed set of Trigger.
func Triggers() []Trigger {
	return []Trigger{TriggerEdit, TriggerHTTP, TriggerDrift, TriggerStart}
}

// Outcome is how an engine call or a decision ended.
type Outcome string

// The outcomes, a closed set.
const (
	OutcomeOK    Outcome = "ok"
	OutcomeGone  Outcome = "gone" // the container, or the need, had gone; not an error
	OutcomeError Outcome = "error"
)

// Outcomes is the closed set of Outcome.
func Outcomes() []Outcome { return []Outcome{OutcomeOK, OutcomeGone, OutcomeError} }

// Event is one thing that happened, for logs, metrics and history. Which
// fields are set depends on Kind; a zero field means that it doesn't apply.
type Event struct {
	Time       time.Time
	Kind       Kind
	Project    string
	Service    string
	Container  string // its name
	Generation int64
	Verb       engine.Verb
	Cause      plan.Cause
	Outcome    Outcome
	Reason     plan.Reason
	Trigger    Trigger
	Actor      string
	Message    string
	Err        error
	Took       time.Duration
}

// Recorder is told of each Event. Record must return at once and may be called
// by any number of goroutines.
type Recorder interface {
	Record(Event)
}

// Recorders records into each of them, in order.
type Recorders []Recorder

// Record implements Recorder.
func (rs Recorders) Record(e Event) {
	for _, r := range rs {
		r.Record(e)
	}
}
