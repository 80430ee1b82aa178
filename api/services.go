package api

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/reconcile"
	"reconciler/reconcile/plan"
)

func (s *server) listServices(w http.ResponseWriter, r *http.Request) {
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
		if !slices.Contains(plan.Statuses(), plan.Status(status)) {
			newProblem(http.StatusBadRequest, "query", "%q is no status; there are %v", status, plan.Statuses()).write(w)
			return
		}
		o.Services = slices.DeleteFunc(o.Services, func(n reconcile.Service) bool { return n.Status != plan.Status(status) })
	}
	respond(w, http.StatusOK, o)
}

func (s *server) showService(w http.ResponseWriter, r *http.Request) {
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
	snap, _, err := s.edit(r, f)
	if err != nil {
		fail(w, err)
		return
	}
	s.await(w, r, wait, s.one(r.PathValue("service"), func(n reconcile.Service) verdict { return converged(n, snap.Generation) }))
}

// edit makes the flip, and reports whether the file had to be changed.
func (s *server) edit(r *http.Request, f flip) (desired.Snapshot, bool, error) {
	change := desired.Change{Service: r.PathValue("service"), State: f.State}
	return s.opt.State.Change(desired.Flips(change), desired.EditBy{Actor: actor(r), Reason: f.Reason})
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
	if err != nil {
		fail(w, err)
	}
	return f, wait, err == nil
}

// start wants the service running. One that is wanted so already gets no new
// generation but another try, and that is then waited for.
func (s *server) start(w http.ResponseWriter, r *http.Request) {
	f, wait, ok := s.verb(w, r)
	if !ok {
		return
	}
	f.State = desired.Running // a job: the store makes it completed
	service := r.PathValue("service")
	before := s.opt.Loop.Overview()
	snap, changed, err := s.edit(r, f)
	if err == nil && !changed {
		err = s.opt.Loop.Retry(service, actor(r))
	}
	if err != nil {
		fail(w, err)
		return
	}
	was, _ := before.Service(service)
	s.await(w, r, wait, s.one(service, func(n reconcile.Service) verdict {
		v := converged(n, snap.Generation)
		if v == given && !changed && !n.DecidedAt.After(was.DecidedAt) {
			return pending // what was decided before this try
		}
		return v
	}))
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
	if errors.Is(err, desired.ErrUnknownService) {
		err = s.unknown(service) // with what may have been meant
	}
	if err != nil {
		fail(w, err)
		return
	}
	s.await(w, r, wait, s.one(service, func(n reconcile.Service) verdict {
		if n.Acts < ticket {
			return pending
		}
		return converged(n, n.Generation)
	}))
}
