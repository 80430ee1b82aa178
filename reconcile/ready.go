package reconcile

import (
	"slices"
	"time"

	"reconciler/reconcile/plan"
)

// notReady tells why the service isn't ready, once each time the reason changes.
// told is what this decision tells already: what stands there isn't repeated.
func (e *entry) notReady(p plan.Plan, told []Event, now time.Time) []Event {
	why := p.Ready
	switch {
	case p.IsReady():
		e.unready = ""
	case why.Reason != e.unready && !passing(why.Reason):
		e.unready = why.Reason
		if !slices.ContainsFunc(told, func(told Event) bool { return told.Message == why.Message }) {
			return []Event{{Time: now, Kind: KindNotReady, Service: p.Service, Generation: e.generation, Reason: why.Reason, Message: why.Message}}
		}
	}
	return nil
}

// passing reports whether a service isn't ready only because it is on its way:
// a call to it is made, and told of, it has just begun to run, or it is a job.
func passing(r plan.Reason) bool {
	return r == plan.ReasonActing || r == plan.ReasonHealthStarting || r == plan.ReasonJob
}
