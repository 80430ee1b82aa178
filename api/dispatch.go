package api

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// server answers the requests.
type server struct {
	opt   Options
	mux   *http.ServeMux
	cross *http.CrossOriginProtection
}

// Handler returns the door.
func Handler(opt Options) http.Handler {
	if opt.Observe == nil {
		opt.Observe = func(string, string, int, time.Duration) {}
	}
	s := &server{opt: opt, mux: http.NewServeMux(), cross: http.NewCrossOriginProtection()}
	for _, r := range s.routes() {
		s.mux.HandleFunc(r.method+" "+r.path, r.handler)
	}
	return s
}

// methods are the methods that metrics tell apart.
var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}

// ServeHTTP passes a request through the guards to its route.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	answer := &recorded{ResponseWriter: w, code: http.StatusOK}
	label := "other"
	if handler, pattern, p := s.admit(r); p != nil {
		protect(answer)
		answer.Header().Set("Connection", "close") // what follows may be the rest of what was refused
		p.write(answer)
	} else {
		_, label, _ = strings.Cut(pattern, " ")
		label = strings.TrimSuffix(label, "{$}")
		protect(answer)
		r.Body = http.MaxBytesReader(answer, r.Body, maxBody)
		_ = http.NewResponseController(w).SetWriteDeadline(began.Add(writeTimeout)) // only a real connection has one
		handler.ServeHTTP(answer, r)
	}
	method := r.Method
	if !slices.Contains(methods, method) {
		method = "other"
	}
	s.opt.Observe(label, method, answer.code, time.Since(began))
}

// admit returns the handler of the request's route, or why there is none.
func (s *server) admit(r *http.Request) (http.Handler, string, *problem) {
	if p := s.guard(r); p != nil {
		return nil, "", p
	}
	if r.URL.Path != path.Clean(r.URL.Path) {
		return nil, "", notFound(r)
	}
	// The mux sets the path's values only in its own ServeHTTP.
	if _, pattern := s.mux.Handler(r); pattern != "" {
		r.Pattern = pattern
		return s.mux, pattern, nil
	}
	if allowed := s.allowed(r); len(allowed) > 0 {
		p := newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "%s is not for %s; it takes %s", r.URL.Path, r.Method, strings.Join(allowed, ", "))
		p.allow = strings.Join(allowed, ", ")
		return nil, "", p
	}
	return nil, "", notFound(r)
}

func notFound(r *http.Request) *problem {
	return newProblem(http.StatusNotFound, "not_found", "there is nothing at %s; docs/http.md lists what there is", r.URL.Path)
}

// allowed returns the methods that the path takes.
func (s *server) allowed(r *http.Request) []string {
	var allowed []string
	for _, m := range methods {
		other := r.Clone(r.Context())
		other.Method = m
		if _, pattern := s.mux.Handler(other); pattern != "" {
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
