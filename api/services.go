package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/reconcile"
)

func (s *server) getServices(w http.ResponseWriter, r *http.Request) {
	q, err := query(r, "group", "status")
	if err != nil {
		fail(w, err)
		return
	}
	o := s.opt.Loop.Overview()
	if group, asked := q["group"]; asked {
		doc := s.opt.State.Snapshot().Document
		if _, known := doc.Group(group); !known {
			newProblem(http.StatusNotFound, "unknown_group", "the file has no group %q", group).write(w)
			return
		}
		o.Services = slices.DeleteFunc(o.Services, func(n reconcile.Service) bool { return !slices.Contains(n.Groups, group) })
	}
	if status, asked := q["status"]; asked {
		o.Services = slices.DeleteFunc(o.Services, func(n reconcile.Service) bool { return string(n.Status) != status })
	}
	respond(w, http.StatusOK, o)
}

func (s *server) getService(w http.ResponseWriter, r *http.Request) {
	o := s.opt.Loop.Overview()
	n, ok := o.Service(r.PathValue("service"))
	if !ok {
		fail(w, s.unknown(r.PathValue("service")))
		return
	}
	respond(w, http.StatusOK, n)
}

func (s *server) unknown(service string) error {
	var names []string
	for _, listed := range s.opt.State.Snapshot().Document.Services {
		names = append(names, listed.Name)
	}
	return newProblem(http.StatusNotFound, "unknown_service", "the file lists no service %q%s", service, desired.Suggest(service, names))
}

func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	writeJSON(w, v)
}

func (s *server) putServiceState(w http.ResponseWriter, r *http.Request) {
	wait, err := waitFor(r)
	if err != nil {
		fail(w, err)
		return
	}
	f, err := readFlip(r, true)
	if err == nil && f.State == "" {
		err = newProblem(http.StatusBadRequest, "malformed", `say which state: running or stopped as text, or {"state":"stopped"}`)
	}
	if err != nil {
		fail(w, err)
		return
	}
	s.set(w, r, f, wait)
}

// set edits the file and answers with what becomes of it.
func (s *server) set(w http.ResponseWriter, r *http.Request, f flip, wait time.Duration) {
	service := r.PathValue("service")
	snap, _, err := s.opt.State.SetStates([]desired.Change{{Service: service, State: f.State}}, desired.EditBy{Actor: actor(r), Reason: f.Reason})
	if err != nil {
		fail(w, err)
		return
	}
	s.await(w, r, wait, service, func(n reconcile.Service) verdict { return converged(n, snap.Generation) })
}

// verb reads what the buttons have in common, and answers if it is wrong.
func (s *server) verb(w http.ResponseWriter, r *http.Request) (f flip, wait time.Duration, ok bool) {
	wait, err := waitFor(r)
	if err == nil {
		f, err = readFlip(r, false)
	}
	if err == nil && f.State != "" {
		err = newProblem(http.StatusBadRequest, "malformed", "state goes with PUT …/state")
	}
	if _, listed := s.opt.State.Snapshot().Document.Service(r.PathValue("service")); err == nil && !listed {
		err = s.unknown(r.PathValue("service"))
	}
	if err != nil {
		fail(w, err)
	}
	return f, wait, err == nil
}

func (s *server) start(w http.ResponseWriter, r *http.Request) {
	f, wait, ok := s.verb(w, r)
	if !ok {
		return
	}
	service, _ := s.opt.State.Snapshot().Document.Service(r.PathValue("service"))
	f.State = desired.Running
	if service.Job {
		f.State = desired.Completed
	}
	if service.State == f.State { // no new generation, but another try
		if err := s.opt.Loop.Retry(service.Name, actor(r)); err != nil {
			fail(w, err)
			return
		}
	}
	s.set(w, r, f, wait)
}

func (s *server) stop(w http.ResponseWriter, r *http.Request) {
	f, wait, ok := s.verb(w, r)
	if !ok {
		return
	}
	f.State = desired.Stopped
	s.set(w, r, f, wait)
}

func (s *server) restart(w http.ResponseWriter, r *http.Request) {
	_, wait, ok := s.verb(w, r)
	if !ok {
		return
	}
	service := r.PathValue("service")
	ticket, err := s.opt.Loop.Restart(service, actor(r))
	if err != nil {
		fail(w, err)
		return
	}
	s.await(w, r, wait, service, func(n reconcile.Service) verdict {
		if n.Acts < ticket {
			return pending
		}
		return converged(n, n.Generation)
	})
}

// verdict says whether waiting has an end.
type verdict int

const (
	pending verdict = iota
	arrived         // 200
	given           // 202: nothing more will come of it by itself
)

// converged judges a service as decided about at that generation or later.
func converged(n reconcile.Service, generation int64) verdict {
	switch {
	case n.ObservedGeneration < generation:
		return pending
	case n.Converged:
		return arrived
	case n.Suspended != nil, n.StalledReason() != "":
		return given
	}
	return pending
}

// await answers with the service's status once the judge has decided, or the
// time is over. The edit stays when the client goes.
func (s *server) await(w http.ResponseWriter, r *http.Request, wait time.Duration, service string, judge func(reconcile.Service) verdict) {
	ctx, cancel := s.patience(w, r, wait)
	defer cancel()
	for {
		changed := s.opt.Loop.Changed()
		o := s.opt.Loop.Overview()
		n, ok := o.Service(service)
		if !ok { // taken out of the file meanwhile
			fail(w, s.unknown(service))
			return
		}
		switch judge(n) {
		case arrived:
			respond(w, http.StatusOK, n)
			return
		case given:
			respond(w, http.StatusAccepted, n)
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			respond(w, http.StatusAccepted, n)
			return
		}
	}
}

// patience is the time that a request may wait, and lets its connection live
// as long.
func (s *server) patience(w http.ResponseWriter, r *http.Request, wait time.Duration) (context.Context, context.CancelFunc) {
	c := http.NewResponseController(w)
	// Only a real connection has deadlines; one that failed is found on writing.
	_ = errors.Join(c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Now().Add(wait+writeTimeout)))
	return context.WithTimeout(r.Context(), wait)
}
