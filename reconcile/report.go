package reconcile

import (
	"fmt"
	"strings"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/driver"
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
	Text        string      `json:"text"` // plan.Plan.String
}

// Act is one engine call that would be made.
type Act struct {
	Verb      engine.Verb `json:"verb"`
	Container string      `json:"container"`
	Cause     plan.Cause  `json:"cause"`
}

// String is the report as text: what plan.Plan.String says of each service
// that isn't as wanted, then what a person should know, then the orphans.
func (r Report) String() string {
	var b strings.Builder
	for _, s := range r.Services {
		if !s.Converged || len(s.Actions) > 0 {
			b.WriteString(s.Text + "\n")
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

// report writes down one plan for each service.
func report(doc *desired.Document, generation int64, look driver.Look, decide func(desired.Service) plan.Plan) Report {
	r := Report{Project: doc.Project, Generation: generation, Services: []ServicePlan{}, Orphans: orphans(look)}
	for _, s := range doc.Services {
		p := decide(s)
		n := ServicePlan{
			Service: s.Name, Desired: string(s.State), Status: p.Status, Converged: p.Converged,
			Suspended: p.Suspended, Pending: p.Pending(), Actions: []Act{}, Reconciling: p.Reconciling.Reason,
			Stalled: p.Stalled.Reason, Message: p.Message, Warnings: append([]string{}, p.Warnings...), Text: p.String(),
		}
		for _, a := range p.Actions {
			n.Actions = append(n.Actions, Act{a.Verb, a.Container, a.Cause})
		}
		if next := p.Next; !next.IsZero() {
			n.Next = &next
		}
		r.Pending = r.Pending || n.Pending
		r.Services = append(r.Services, n)
	}
	return r
}

// Look returns what would be done by that document, for whoever has no Reconciler
// that runs. Error: engine.ErrUnavailable.
func Look(d driver.Driver, doc *desired.Document, memory desired.Memory, now time.Time) (Report, error) {
	look := d.Look(doc, func(service string) bool { return memory[service].Done != "" }, nil)
	if err := look.Blind(); err != nil {
		return Report{}, fmt.Errorf("look at project %s: %w: %w", doc.Project, engine.ErrUnavailable, err)
	}
	alone := NewHost()
	return report(doc, 0, look, func(s desired.Service) plan.Plan {
		given := driver.Given{Now: now, Budget: alone.left(doc.Key(s.Name), now), UnderWay: alone.underWay}
		return look.Decide(s, plan.Past{Kept: memory[s.Name]}, given).Plan
	}), nil
}
