// Package plan is the decision: what should be done to the containers of one
// service now, why, and, where nothing is done, why not. It is a pure function
// of its arguments; it reads no clock, does no I/O, logs nothing and changes
// none of its inputs. testdata/*.txt is its specification, readable by a user.
//
// Everything here may be called by any number of goroutines.
package plan

import (
	"fmt"
	"slices"
	"time"

	"reconciler/engine"
)

// Cause says what made an action necessary. It is a log field, a metric label
// and a word of the page.
type Cause string

// The causes. All but Requested and Intent are drift: the world moved, not the
// file.
const (
	CauseIntent    Cause = "intent"    // the file asks for something else than before
	CauseCreated   Cause = "created"   // it exists but was never started
	CauseExited    Cause = "exited"    // it runs no more although it should
	CauseRunning   Cause = "running"   // it runs although it should not
	CausePaused    Cause = "paused"    // somebody paused it, and on_paused is unpause
	CauseSurplus   Cause = "surplus"   // more run than replicas
	CauseUnhealthy Cause = "unhealthy" // its healthcheck fails for too long
	CauseParent    Cause = "parent"    // the container whose namespace it shares was started again
	CauseRequested Cause = "requested" // somebody asked for a restart
)

// Causes is the closed set of Cause.
func Causes() []Cause {
	return []Cause{CauseIntent, CauseCreated, CauseExited, CauseRunning, CausePaused, CauseSurplus, CauseUnhealthy, CauseParent, CauseRequested}
}

// Drift reports whether the cause is a change of the world rather than of
// somebody's mind.
func (c Cause) Drift() bool { return c != CauseIntent && c != CauseRequested && c != "" }

// Action is one engine call that is safe to make now. Actions of one plan are
// for different containers and may be carried out at once, in any order. It is
// comparable.
type Action struct {
	Verb      engine.Verb
	Target    engine.Target
	ID        string // of the container that is there; empty: none is
	Container string // its name
	Cause     Cause
	// Crash: the start answers a crash, so it counts against the host's budget.
	Crash bool
}

// String is one line: "start web-1 (exited)".
func (a Action) String() string { return fmt.Sprintf("%s %s (%s)", a.Verb, a.Container, a.Cause) }

// Status is the one word for a service. The zero value means never decided.
type Status string

// The statuses, in the order of precedence: the first that applies to the
// worst wanted replica.
const (
	StatusUnknown    Status = "unknown"     // engine down, no list yet, ambiguous
	StatusMissing    Status = "missing"     // no container, though one is wanted
	StatusPaused     Status = "paused"      //
	StatusStopping   Status = "stopping"    // a stop is planned or in flight
	StatusRestarting Status = "restarting"  // the engine's policy, or a restart in flight
	StatusStarting   Status = "starting"    // a start is planned or in flight, or health is starting
	StatusWaiting    Status = "waiting"     // settle, OtherTool, budget
	StatusBackingOff Status = "backing_off" // after a crash or a failed call
	StatusUnhealthy  Status = "unhealthy"   //
	StatusRunning    Status = "running"     //
	StatusCompleted  Status = "completed"   //
	StatusStopped    Status = "stopped"     // as wanted; else Stalled or suspended, and then it comes before unhealthy
	StatusAbsent     Status = "absent"      // no container, and none is wanted
)

// Statuses is the closed set of Status, each word once.
func Statuses() []Status {
	return []Status{
		StatusUnknown, StatusMissing, StatusPaused, StatusStopping, StatusRestarting, StatusStarting,
		StatusWaiting, StatusBackingOff, StatusUnhealthy, StatusRunning, StatusCompleted, StatusStopped, StatusAbsent,
	}
}

// Reason says why a condition is as it is, in one word of a closed set. The
// zero value is "no reason".
type Reason string

// The reasons of Reconciling: something is awaited or about to be done.
const (
	ReasonActing     Reason = "Acting"     // an engine call is planned or in flight
	ReasonSettle     Reason = "Settle"     // somebody else is still at work on the container
	ReasonOtherTool  Reason = "OtherTool"  // another tool replaces a container of the service
	ReasonBackOff    Reason = "BackOff"    // crashed; the next start is in the future
	ReasonBudget     Reason = "Budget"     // the host's budget of crash restarts is used up for now
	ReasonRetry      Reason = "CallFailed" // for a reason that has no word below
	ReasonRemoving   Reason = "Removing"   // the engine is removing it
	ReasonJob        Reason = "JobRunning"
	ReasonEngine     Reason = "EngineRestarting" // the engine's own restart policy acts
	ReasonDependency Reason = "Dependency"       // what it depends on isn't as it must be, or what depends on it is stopped first
	ReasonParent     Reason = "ParentChanged"    // the container whose namespace it shares was started again; of Ready, too
	ReasonDryRun     Reason = "DryRun"           // an engine call would be made, but nothing is done
)

// The reasons of Reconciling that say why the last start failed; it is tried
// again.
const (
	ReasonPortTaken       Reason = "PortTaken"
	ReasonPathMissing     Reason = "PathMissing"
	ReasonNetworkMissing  Reason = "NetworkMissing"
	ReasonImageMissing    Reason = "ImageMissing"
	ReasonCommandNotFound Reason = "CommandNotFound"
	ReasonNamespaceGone   Reason = "NamespaceGone" // the container that has it is gone, or doesn't run
)

// The reasons of Stalled: nothing more will happen until somebody does
// something, and the message says what.
const (
	ReasonMissing        Reason = "ContainerMissing"
	ReasonAmbiguous      Reason = "AmbiguousContainer"
	ReasonNameConflict   Reason = "NameConflict"
	ReasonStuck          Reason = "Stuck"
	ReasonWouldBeRemoved Reason = "WouldBeRemoved"
	ReasonNoProgress     Reason = "NoProgress"
	ReasonProgress       Reason = "ProgressDeadlineExceeded"
	ReasonSelf           Reason = "WouldStopItself"
	ReasonOrphan         Reason = "OrphanInTheWay" // a container of no listed service has what it needs
	ReasonNetworkLost    Reason = "NetworkLost"    // the engine took its networks away when a start failed
)

// The further reasons of Ready.
const (
	ReasonAsWanted       Reason = "AsWanted"
	ReasonUnhealthy      Reason = "Unhealthy"
	ReasonNeverHealthy   Reason = "NeverHealthy" // its healthcheck never succeeded
	ReasonCrashLoop      Reason = "CrashLoop"    // the engine's own restart policy restarts it again and again
	ReasonHealthStarting Reason = "HealthStarting"
	ReasonPaused         Reason = "Paused"
	ReasonSuspended      Reason = "Suspended"
	ReasonEngineDown     Reason = "EngineDown"
	ReasonNotHeld        Reason = "NotHeld" // another process may keep the same file
	ReasonNotConverged   Reason = "NotConverged"
)

// Note is a reason with words that a person can act on. The zero value is "not
// so".
type Note struct {
	Reason  Reason
	Message string
}

// Plan is a decision about one service.
type Plan struct {
	Service string
	// Actions are what to do now; empty: nothing.
	Actions []Action
	// Look are the IDs of the containers to look at now, and then to decide
	// again; Past.Looked is to be told. Empty: none.
	Look []string
	// Next is when to decide again although nothing was heard; zero: when
	// something is heard.
	Next time.Time

	Status      Status
	Message     string // one sentence for a person; never empty
	Ready       Note   // Reason AsWanted means true
	Reconciling Note   // zero: false
	Stalled     Note   // zero: false
	Converged   bool
	Cause       Cause // what is not as wanted; empty: nothing that an action could mend
	Suspended   bool  // a suspension holds it: no action, whatever else stands here
	Queued      bool  // it waits for the host's budget of crash restarts

	Desired, Running, ReadyCount int // replicas; Desired is 0 where none should run
	Failures                     int // the most that a wanted replica crashed or failed in a row
	NextAttempt                  time.Time
	Trouble                      string // why the last call failed, until one succeeds
	Exit                         Exit   // the newest of its containers
	Warnings                     []string
	DependsOn                    []string // the names of the services that it depends on, as listed if they are

	// Past is what Diff must be given next time.
	Past Past
}

// IsReady reports whether the service is what Ready means for it.
func (p *Plan) IsReady() bool { return p.Ready.Reason == ReasonAsWanted }

// Pending reports whether the plan acts, or waits to act: what makes the
// command `plan` say that there are changes.
func (p *Plan) Pending() bool {
	watched := []Reason{"", ReasonJob, ReasonEngine, ReasonRemoving} // others act, and are only watched
	return len(p.Actions) > 0 || !slices.Contains(watched, p.Reconciling.Reason)
}
