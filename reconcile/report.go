package reconcile

import (
	"context"
	"fmt"
	"strings"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/observed"
	"reconciler/reconcile/own"
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
func report(doc *desired.Document, generation int64, whose own.Ownership, decide func(desired.Service) plan.Plan) Report {
	r := Report{Project: doc.Project, Generation: generation, Services: []ServicePlan{}, Orphans: orphans(whose)}
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

// Look returns what would be done to the containers of an engine by that
// document, for whoever has no Reconciler that runs. Of the options only
// Engine, Now and Self count. Error: engine.ErrUnavailable.
func Look(ctx context.Context, opt Options, doc *desired.Document, memory desired.Memory) (Report, error) {
	world := observed.New(observed.Options{
		Engine: opt.Engine, Project: doc.Project, Now: opt.Now,
		Names: func() map[string]bool { return Names(doc) }, Self: opt.Self,
	})
	view, err := world.Once(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("look at project %s: %w", doc.Project, err)
	}
	whose := newOwnership(doc, view, opt.Self, func(service string) bool { return memory[service].Done != "" })
	around := plan.Around{Project: doc.Project, Since: view.Since, Seen: view.Seen, Budget: plan.Budget{Free: budgetSize}, Self: whose.self, Neighbours: whose.around}
	return report(doc, 0, whose.result, func(s desired.Service) plan.Plan {
		return plan.Diff(s, whose.result.Holdings[s.Name], around, plan.Past{Kept: memory[s.Name]}, opt.Now())
	}), nil
}

// Names returns the names under which containers without Compose's labels may
// belong to a service of the document.
func Names(doc *desired.Document) map[string]bool {
	names := make(map[string]bool)
	for _, s := range doc.Services {
		switch {
		case s.Container != "":
			names[s.Container] = true
		case doc.ContainerName != "":
			names[own.TemplateName(doc.ContainerName, s)] = true
		}
	}
	return names
}
