package reconcile

import (
	"fmt"
	"strings"
	"time"

	"reconciler/reconcile/plan"
)

// Report is what would be done now to each service, and why or why not. Its
// JSON form is public (docs/http.md). It is a value.
type Report struct {
	Project    string        `json:"project"`
	Generation int64         `json:"generation"`
	Pending    bool          `json:"pending"` // some service acts, or waits to act
	Services   []ServicePlan `json:"services"`
	Orphans    []Orphan      `json:"orphans"`
}

// ServicePlan is the decision about one service, to be read.
type ServicePlan struct {
	Service     string      `json:"service"`
	Desired     string      `json:"desired"`
	Status      plan.Status `json:"status"`
	Converged   bool        `json:"converged"`
	Suspended   bool        `json:"suspended"`
	Pending     bool        `json:"pending"`
	Actions     []Act       `json:"actions"`
	Next        *time.Time  `json:"next"`        // null: when something is heard
	Reconciling plan.Reason `json:"reconciling"` // "": it isn't
	Stalled     plan.Reason `json:"stalled"`     // "": it isn't
	Message     string      `json:"message"`
	Warnings    []string    `json:"warnings"`
}

// Act is one engine call that would be made.
type Act struct {
	Verb      plan.Verb  `json:"verb"`
	Container string     `json:"container"`
	Cause     plan.Cause `json:"cause"`
}

// String is the report as text, one line an action, and one line for each
// service where nothing is done although it isn't as wanted:
//
//	web: start web-1 (exited)
//	db: nothing (Stalled ContainerMissing: …)
//	nothing to do
func (r Report) String() string {
	var b strings.Builder
	for _, s := range r.Services {
		for _, a := range s.Actions {
			fmt.Fprintf(&b, "%s: %s %s (%s)\n", s.Service, a.Verb, a.Container, a.Cause)
		}
		if len(s.Actions) == 0 && !s.Converged {
			fmt.Fprintf(&b, "%s: nothing (%s)\n", s.Service, s.why())
		}
		for _, w := range s.Warnings {
			fmt.Fprintf(&b, "%s: warning: %s\n", s.Service, w)
		}
	}
	for _, o := range r.Orphans {
		fmt.Fprintf(&b, "orphan %s: %s; it is left alone\n", o.Name, o.Message)
	}
	if !r.Pending {
		b.WriteString("nothing to do\n")
	}
	return b.String()
}

func (s ServicePlan) why() string {
	switch {
	case s.Suspended:
		return "suspended: " + s.Message
	case s.Stalled != "":
		return fmt.Sprintf("Stalled %s: %s", s.Stalled, s.Message)
	case s.Reconciling != "":
		return fmt.Sprintf("Reconciling %s: %s", s.Reconciling, s.Message)
	}
	return s.Message
}
