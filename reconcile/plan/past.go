package plan

import (
	"hash/fnv"
	"maps"
	"strconv"
	"time"

	"reconciler/engine"
)

// Past is what a service's decisions must remember from one to the next. It is
// an argument and a result of Diff and never changed in place. The zero value
// remembers nothing, which is safe: the cost is one quicker retry. Replicas
// and Done are kept across restarts of the program, the rest is not.
type Past struct {
	// Replicas is how many containers ran when the service was first observed
	// (none ran: how many there were); 0: not observed yet.
	Replicas int
	// Done is the ID of the container in which the job finished; empty: none.
	Done string

	// Intent is what was wanted at the last decision, and Moved whether it
	// changed since the first one.
	Intent string
	Moved  bool
	// Hurry: somebody asked to try now; what others did to a container before
	// it is no longer waited for.
	Hurry time.Time
	// View is the Around.Since of the last decision.
	View time.Time
	// Unconverged is since when the service is not as wanted; zero: it is.
	Unconverged time.Time

	Containers map[string]Record // by container ID
}

// Record is what is remembered of one container.
type Record struct {
	State engine.State
	Since time.Time // when it was first seen in State, by our clock
	// Reached: it has been as wanted since the intent last changed.
	Reached bool
	// Alive: it was seen alive, or started by us, within this view. Only what
	// lived can crash; what is found dead after a boot didn't.
	Alive bool
	// OwnStop: the exit that follows is our own doing.
	OwnStop bool
	// Restart: somebody asked for its restart, and it wasn't made yet.
	Restart bool

	Crashes int       // in a row
	Counted time.Time // the FinishedAt of the last exit that was looked at

	Failures int       // calls that failed in a row
	NextCall time.Time // not before
	Trouble  string    // the engine's words for the last failure

	Tried      string // the fingerprint before the last call that succeeded; empty: none to judge
	NoProgress int    // calls in a row that succeeded and changed nothing
}

// noProgressLimit is how many calls may succeed without any effect before the
// service is Stalled (kimdre/doco-cd#788: endless redeploys).
const noProgressLimit = 3

// Result is how an engine call for an Action ended.
type Result struct {
	Action Action
	Before engine.Container // as it was when the call was decided
	Err    error            // nil also where there was nothing left to do
	// Void: the call says nothing about the container: it had gone, or the
	// engine didn't answer.
	Void bool
	Now  time.Time
}

// After returns the past with the result of a call. retryFirst and retryMax
// are the service's retry bounds.
func (p Past) After(r Result, retryFirst, retryMax time.Duration) Past {
	p.Containers = maps.Clone(p.Containers)
	if p.Containers == nil {
		p.Containers = make(map[string]Record)
	}
	rec := p.Containers[r.Action.ID]
	rec.Tried = ""
	switch {
	case r.Void:
	case r.Err != nil:
		rec.Failures++
		rec.Trouble = r.Err.Error()
		rec.NextCall = r.Now.Add(jittered(doubling(retryFirst, retryMax, rec.Failures-1), r.Action.ID, rec.Failures))
		rec.Restart = false // a failed restart is not repeated behind one's back
	default:
		rec.Failures, rec.NextCall, rec.Trouble = 0, time.Time{}, ""
		rec.Tried = fingerprint(r.Before)
		rec.Restart = false
		rec.Alive = r.Action.Verb != Stop
		rec.OwnStop = r.Action.Verb == Stop
	}
	p.Containers[r.Action.ID] = rec
	return p
}

// Try returns the past with all back-off, failures and lack of progress
// forgotten: somebody asked to try now.
func (p Past) Try(now time.Time) Past {
	p.Containers = maps.Clone(p.Containers)
	for id, rec := range p.Containers {
		p.Containers[id] = rec.forgiven()
	}
	p.Hurry = now
	p.Unconverged = time.Time{}
	return p
}

// AskRestart returns the past with a restart asked for of each of the
// containers.
func (p Past) AskRestart(ids []string) Past {
	p.Containers = maps.Clone(p.Containers)
	if p.Containers == nil {
		p.Containers = make(map[string]Record)
	}
	for _, id := range ids {
		rec := p.Containers[id].forgiven()
		rec.Restart = true
		p.Containers[id] = rec
	}
	return p
}

// RestartPending reports whether a restart was asked for and not yet made.
func (p Past) RestartPending() bool {
	for _, rec := range p.Containers {
		if rec.Restart {
			return true
		}
	}
	return false
}

func (rec Record) forgiven() Record {
	rec.Crashes, rec.Failures, rec.NoProgress = 0, 0, 0
	rec.NextCall, rec.Trouble, rec.Tried = time.Time{}, "", ""
	return rec
}

// fingerprint tells two looks at a container apart exactly when something
// happened in between that a start or stop would make happen.
func fingerprint(c engine.Container) string {
	return string(c.State) + c.StartedAt.UTC().Format(time.RFC3339Nano) + c.FinishedAt.UTC().Format(time.RFC3339Nano)
}

// crashDelay is the kubelet's curve: the first restart at once, then initial,
// doubling, up to max (KEP-4603).
func crashDelay(crashes int, initial, max time.Duration) time.Duration {
	if crashes <= 1 {
		return 0
	}
	return doubling(initial, max, crashes-2)
}

func doubling(first, max time.Duration, doublings int) time.Duration {
	d := first
	for range doublings {
		if d >= max/2 {
			return max
		}
		d *= 2
	}
	return min(d, max)
}

// jittered adds up to a tenth, by which many containers that failed together
// come back apart. It is drawn from its arguments alone, so that a decision
// can be repeated.
func jittered(d time.Duration, id string, attempt int) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id + strconv.Itoa(attempt))) // never fails
	return d + d/10*time.Duration(h.Sum32()%1000)/1000
}
