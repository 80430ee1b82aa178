package plan

import (
	"fmt"
	"strings"
	"time"
)

// String says what is done now, and where nothing is done, why not; one line
// an action, without a newline at the end:
//
//	web: start web-1 (exited)
//	web: nothing yet, Settle until 12:00:07
//	web: nothing, Stalled ContainerMissing: web has no container …
//	web: as wanted
func (p Plan) String() string {
	if len(p.Actions) == 0 {
		return p.Service + ": " + p.whyNot()
	}
	lines := make([]string, len(p.Actions))
	for i, a := range p.Actions {
		lines[i] = p.Service + ": " + a.String()
	}
	return strings.Join(lines, "\n")
}

func (p Plan) whyNot() string {
	switch {
	case p.Suspended:
		return "nothing, " + p.Message
	case p.Reconciling.Reason != "" && !p.NextAttempt.IsZero():
		return fmt.Sprintf("nothing yet, %s until %s", p.Reconciling.Reason, p.NextAttempt.Format(time.TimeOnly))
	case p.Stalled.Reason != "":
		return fmt.Sprintf("nothing, Stalled %s: %s", p.Stalled.Reason, p.Stalled.Message)
	case p.Reconciling.Reason != "":
		return fmt.Sprintf("nothing, %s: %s", p.Reconciling.Reason, p.Reconciling.Message)
	case !p.Converged:
		return "nothing, " + p.Message
	}
	return "as wanted"
}
