package metrics

import (
	"slices"

	"reconciler/reconcile/plan"
)

// other is the label value for what is outside its set, so that nothing from
// outside can make series without end.
const other = "other"

// label keeps a value within its set.
func label[T ~string](value T, known []T) string {
	if slices.Contains(known, value) {
		return string(value)
	}
	return other
}

// desiredStates is the closed set of reconcile.Service.Desired.
func desiredStates() []string { return []string{"running", "stopped", "absent", "completed"} }

// calls is the closed set of the calls to the engine: the methods of
// engine.Engine that answer, in lower case.
func calls() []string {
	return []string{"info", "list", "inspect", "start", "stop", "restart", "unpause", "reconnect", "holder", "logs"}
}

// methods is the closed set of the methods that requests are told apart by.
func methods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}
}

// driftCauses are the causes that are drift.
func driftCauses() []string {
	var drift []string
	for _, c := range plan.Causes() {
		if c.Drift() {
			drift = append(drift, string(c))
		}
	}
	return drift
}

// restartCauses are the causes for which a service that should run is started
// once more.
func restartCauses() []string {
	return []string{string(plan.CauseExited), string(plan.CauseParent), string(plan.CauseUnhealthy), string(plan.CauseRequested)}
}
