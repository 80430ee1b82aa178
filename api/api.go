// Package api is HTTP, at each door of the daemon: it shows what should run and what runs, and
// lets whether a service runs be changed, never what a service is. It decides
// nothing itself; it edits the file and waits for the loop.
//
// Each listener is a Door, which says who may what there. Every request passes
// the same guards in the same order (guard.go), and only what stands in the
// route table is answered at all (routes.go, dispatch.go).
package api

import (
	"net/http"
	"time"

	"reconciler/desired"
	"reconciler/reconcile"
)

// Loop is what the API needs of the loop; a *reconcile.Loop is one.
type Loop interface {
	Known() reconcile.Known
	// Changed returns a channel that is closed at the next change of the
	// overview; ask for it before reading.
	Changed() <-chan struct{}
	Plan() (reconcile.Report, error)
	PlanFor(doc *desired.Document) (reconcile.Report, error)
	Restart(service desired.Key, actor, why string) (ticket int64, err error)
	Retry(service desired.Key, actor, why string) error
	LookNow(actor, why string)
	Readiness() []string // why not ready; empty: ready
	Alive() bool
}

var _ Loop = (*reconcile.Loop)(nil)

// State is what the API needs of the file; a *desired.Store is one.
type State interface {
	Snapshot() desired.Snapshot
	Path() string
	Change(desired.Proposal, desired.EditBy) (desired.Snapshot, bool, error)
	Preview(desired.Proposal, desired.EditBy) (*desired.Document, error)
	Revisions() []desired.Revision // newest first
	Revision(generation int64) (desired.Revision, []byte, error)
	Restoration(generation int64) (desired.Proposal, error)
}

var _ State = (*desired.Store)(nil)

// Options says what to serve. Loop, State, History, Logs, Metrics and Version
// are required.
type Options struct {
	Loop    Loop
	State   State
	History *reconcile.History
	Logs    Logs
	Metrics http.Handler // of GET /metrics
	Version string
	Hosts   []string         // by which browsers may ask, besides the loopback ones
	Tokens  *Tokens          // nil: nobody has one
	Now     func() time.Time // nil: time.Now
	// Warn is told what should stand in the log, such as that a connection's
	// handler panicked. It must return at once. nil: nobody.
	Warn func(text string)
	// Observe is told of each request: the route as in the table, or "other";
	// the method, or "other"; the status. It must return at once. nil: nobody.
	Observe func(route, method string, code int, took time.Duration)
}

// API is what is answered, the same at each door.
type API struct{ s *server }

// New returns the API.
func New(opt Options) *API { return &API{newServer(opt)} }

// Handler answers what comes in by that door.
func (a *API) Handler(d Door) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.s.serve(d, w, r) })
}
