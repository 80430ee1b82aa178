package reconcile

import (
	"slices"
	"strings"
	"time"

	"reconciler/desired"
	"reconciler/reconcile/plan"
)

// episode is the time from when a service left what it should be until it is
// so again. The zero value: it is so, or was never looked at.
type episode struct {
	since   time.Time
	trigger Trigger
	drift   plan.Cause // already told
	stalled plan.Reason
}

// advance follows the service through one decision and returns what is worth
// telling. was is what was known before it.
func (e *episode) advance(snap desired.Snapshot, s desired.Service, was entry, p plan.Plan, now time.Time) []Event {
	var events []Event
	tell := func(k Kind, more Event) {
		more.Time, more.Kind, more.Service, more.Generation = now, k, s.Name, snap.Generation
		events = append(events, more)
	}
	if !p.Converged && !p.Suspended {
		if e.since.IsZero() {
			*e = begin(snap, s, was, p, now)
		}
		if p.Cause.Drift() && e.drift == "" {
			e.drift = p.Cause
			tell(KindDrift, Event{Cause: p.Cause, Message: p.Message})
		}
	}
	if p.Stalled.Reason != e.stalled && p.Stalled.Reason != "" {
		tell(KindStalled, Event{Reason: p.Stalled.Reason, Message: p.Stalled.Message})
	}
	e.stalled = p.Stalled.Reason
	if p.Reconciling.Reason == plan.ReasonDryRun && was.status.Message != p.Message {
		tell(KindWithheld, Event{Message: p.Message})
	}
	for _, w := range p.Warnings {
		if !slices.Contains(was.status.Warnings, w) {
			tell(KindWarning, Event{Message: w})
		}
	}
	if p.Converged && !e.since.IsZero() {
		tell(KindConverged, Event{Trigger: e.trigger, Took: now.Sub(e.since), Message: p.Message})
		*e = episode{}
	}
	return events
}

// begin says why the service isn't as wanted any more, and since when.
func begin(snap desired.Snapshot, s desired.Service, was entry, p plan.Plan, now time.Time) episode {
	switch {
	case !was.decided || !was.up:
		return episode{since: now, trigger: TriggerStart}
	case p.Cause == plan.CauseRequested:
		return episode{since: now, trigger: TriggerHTTP}
	case was.status.Desired == string(s.State):
		return episode{since: now, trigger: TriggerDrift}
	case strings.HasPrefix(snap.Actor, "file"):
		return episode{since: snap.Time, trigger: TriggerEdit}
	}
	return episode{since: snap.Time, trigger: TriggerHTTP}
}
