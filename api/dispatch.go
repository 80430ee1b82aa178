package api

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"reconciler/internal/rendering"
)

// server answers the requests.
type server struct {
	opt      Options
	hosts    []string // as hostname returns them
	mux      *http.ServeMux
	table    map[string]route // by the mux's pattern
	cross    *http.CrossOriginProtection
	failures *failures
	sessions *sessions
	places   places
	followed followed
	served   atomic.Pointer[served] // nil: nothing is
	answers  *rendering.Press       // the large ones
	records  *rendering.Press       // those that take the disk
	uploads  *uploads
	last     atomic.Pointer[latest]
}

func newServer(opt Options) *server {
	if opt.Observe == nil {
		opt.Observe = func(string, string, int, time.Duration) {}
	}
	if opt.Warn == nil {
		opt.Warn = func(string) {}
	}
	s := &server{
		opt: opt, mux: http.NewServeMux(), table: make(map[string]route), cross: http.NewCrossOriginProtection(),
		failures: newFailures(time.Now), sessions: newSessions(time.Now),
		answers: rendering.New(roomForAnswers), records: rendering.New(roomForRecords), uploads: newUploads(),
	}
	for _, host := range opt.Hosts {
		s.hosts = append(s.hosts, strings.ToLower(strings.Trim(host, "[]")))
	}
	for _, r := range s.routes() {
		pattern := r.method + " " + r.path
		s.table[pattern] = r
		s.mux.HandleFunc(pattern, r.answered())
	}
	return s
}

// methods are the methods that metrics tell apart.
var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}

// serve passes a request that came in by that door through the guards to its
// route.
func (s *server) serve(d Door, w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	answer := &recorded{ResponseWriter: w, code: http.StatusOK}
	protect(answer)
	label := "other"
	found, v, p := s.admit(d, r)
	if p != nil || !v.role.may(Read) {
		// What follows may be the rest of what was refused; and nobody keeps a
		// place at the door who may nothing here.
		answer.Header().Set("Connection", "close")
	}
	switch {
	case p != nil && s.sendsToLogin(r, p):
		label = "/"
		conclude(answer, r, redirect{to: "/login"}, nil)
	case p != nil:
		conclude(answer, r, nil, p)
	default:
		label = strings.TrimSuffix(found.path, "{$}")
		if v.role.may(Read) {
			r.Body = letIn(r)
		}
		if p := s.receive(answer, r, found); p != nil {
			conclude(answer, r, nil, p)
			break
		}
		defer used(r)
		s.mux.ServeHTTP(answer, v.enter(r)) // the mux sets the path's values only here
	}
	method := r.Method
	if !slices.Contains(methods, method) {
		method = "other"
	}
	s.opt.Observe(label, method, answer.code, time.Since(began))
}

// admit returns the request's route and who makes it, or why it is refused.
// What takes a token is refused without one before it is told whether it
// exists.
func (s *server) admit(d Door, r *http.Request) (route, visitor, *problem) {
	v, shown := s.identify(d, r)
	if p := s.guard(d, r, v); p != nil {
		return route{}, v, p
	}
	found, exists := s.match(d, r)
	switch {
	case exists && v.role.may(found.role):
		return found, v, nil
	case shown != nil:
		return route{}, v, shown
	case exists:
		return route{}, v, lacks(found.role)
	}
	if allowed := s.allowed(d, r); len(allowed) > 0 {
		takes := strings.Join(allowed, ", ")
		p := newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "%q is not for %s; it takes %s", r.URL.Path, r.Method, takes)
		p.header = map[string]string{"Allow": takes}
		return route{}, v, p
	}
	return route{}, v, newProblem(http.StatusNotFound, "not_found", "there is nothing at %q; docs/http.md lists what there is", r.URL.Path)
}

// match returns the route of the request, if the door has one.
func (s *server) match(d Door, r *http.Request) (route, bool) {
	if r.URL.Path != path.Clean(r.URL.Path) {
		return route{}, false
	}
	_, pattern := s.mux.Handler(r)
	found, ok := s.table[pattern]
	if d.Metrics && !slices.Contains([]string{"/metrics", "/healthz", "/readyz"}, found.path) {
		return route{}, false
	}
	return found, ok
}

// allowed returns the methods that the path takes at that door.
func (s *server) allowed(d Door, r *http.Request) []string {
	var allowed []string
	for _, m := range methods {
		other := r.Clone(r.Context())
		other.Method = m
		if _, ok := s.match(d, other); ok {
			allowed = append(allowed, m)
		}
	}
	return allowed
}

// recorded remembers the status that was written.
type recorded struct {
	http.ResponseWriter
	code  int
	wrote bool
}

func (w *recorded) WriteHeader(code int) {
	if !w.wrote {
		w.code, w.wrote = code, true
	}
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController find the connection.
func (w *recorded) Unwrap() http.ResponseWriter { return w.ResponseWriter }
