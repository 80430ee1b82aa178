package reconcile

import (
	"time"

	"reconciler/engine"
	"reconciler/reconcile/plan"
)

// Service is what is known of one service: what should be, what is, and why
// not. Its JSON form is public (docs/http.md). It is a value; nobody changes
// one that was published.
type Service struct {
	Project   string      `json:"project"`
	Name      string      `json:"name"`
	Desired   string      `json:"desired"` // running, stopped, absent or completed
	Status    plan.Status `json:"status"`
	Ready     bool        `json:"ready"`
	Converged bool        `json:"converged"`
	PID       int         `json:"pid"`  // of the first container; 0: none runs
	Port      *int        `json:"port"` // the first published port; null: none
	Message   string      `json:"message"`

	Conditions         []Condition `json:"conditions"`
	Generation         int64       `json:"generation"`
	ObservedGeneration int64       `json:"observed_generation"`
	Definition         string      `json:"definition"` // none, assumed, matches or differs
	Replicas           Replicas    `json:"replicas"`
	Containers         []Container `json:"containers"`
	Backoff            Backoff     `json:"backoff"`
	Suspended          *Suspension `json:"suspended"` // null: not suspended
	LastError          string      `json:"last_error"`
	Groups             []string    `json:"groups"`
	DependsOn          []string    `json:"depends_on"`
	Warnings           []string    `json:"warnings"`
}

// Condition returns the condition of that type, and whether the service has it.
func (s *Service) Condition(kind string) (Condition, bool) {
	for _, c := range s.Conditions {
		if c.Type == kind {
			return c, true
		}
	}
	return Condition{}, false
}

// StalledReason returns the reason of Stalled, or "" when it is not stalled.
func (s *Service) StalledReason() plan.Reason {
	c, _ := s.Condition(Stalled)
	return plan.Reason(c.Reason)
}

// The types of Condition. Ready is always there. Reconciling and Stalled are
// abnormal-true, as in kstatus: they are there only while they are true.
const (
	Ready       = "Ready"
	Reconciling = "Reconciling"
	Stalled     = "Stalled"
)

// Condition is one aspect of a service's state (kstatus, sigs.k8s.io/cli-utils).
type Condition struct {
	Type               string    `json:"type"`
	Status             string    `json:"status"` // "True" or "False"
	Reason             string    `json:"reason"`
	Message            string    `json:"message"`
	ObservedGeneration int64     `json:"observed_generation"`
	LastTransitionTime time.Time `json:"last_transition_time"`
}

// Replicas counts containers.
type Replicas struct {
	Desired int `json:"desired"` // 0 where none should run
	Running int `json:"running"`
	Ready   int `json:"ready"`
}

// Container is the public form of a container. It carries no environment and
// no label: they may hold secrets.
type Container struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	Image      string        `json:"image"`
	State      engine.State  `json:"state"`
	Health     engine.Health `json:"health"`
	PID        int           `json:"pid"`
	Ports      []engine.Port `json:"ports"`
	StartedAt  *time.Time    `json:"started_at"`  // null: never
	FinishedAt *time.Time    `json:"finished_at"` // null: never
	ExitCode   *int          `json:"exit_code"`   // null: it never exited, or it runs
	OOMKilled  bool          `json:"oom_killed"`
	Restarts   int           `json:"restarts"` // by the engine's own policy
}

// Backoff says how often in a row it went wrong, and when the next attempt is.
type Backoff struct {
	Failures    int        `json:"failures"`
	NextAttempt *time.Time `json:"next_attempt"` // null: none planned
}

// Suspension says who holds the service, why, and until when.
type Suspension struct {
	Until  *time.Time `json:"until"` // null: until somebody resumes it
	Reason string     `json:"reason"`
	By     string     `json:"by"`
}

// Orphan is a container of the project that belongs to no listed service. It
// is shown and never touched.
type Orphan struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Service string       `json:"service"` // as its label says
	State   engine.State `json:"state"`
	Message string       `json:"message"`
}

// Overview is everything that is known at one time, as it is told. Its JSON form
// is public (docs/http.md). It is a value; nobody changes one that was published.
type Overview struct {
	Project    string    `json:"project"`
	Generation int64     `json:"generation"`
	Services   []Service `json:"services"` // in file order
	Orphans    []Orphan  `json:"orphans"`
	Warnings   []string  `json:"warnings"` // what the user should know of the file and the data directory; over HTTP also why not all is as it should be
}

// Service returns the service of that name, and whether the file lists it.
func (o *Overview) Service(name string) (Service, bool) {
	for _, s := range o.Services {
		if s.Name == name {
			return s, true
		}
	}
	return Service{}, false
}
