package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/internal/rendering"
	"reconciler/reconcile"
	"reconciler/reconcile/plan"
)

func (s *server) listServices(r *http.Request) (reply, error) {
	q, err := params(r)
	if err != nil {
		return nil, err
	}
	group, grouped := q["group"]
	if doc := s.opt.State.Snapshot().Document; grouped {
		if _, known := doc.Group(group); !known {
			return nil, unknownGroup(doc, group)
		}
	}
	status, chosen := q["status"]
	if chosen && !slices.Contains(plan.Statuses(), plan.Status(status)) {
		return nil, newProblem(http.StatusBadRequest, "query", "%q is no status; there are %v", status, plan.Statuses())
	}
	if !grouped && !chosen {
		return s.showOverview(http.StatusOK), nil
	}
	return large{press: s.answers, status: http.StatusOK, kind: typeJSON, fill: func(w io.Writer) (rendering.Made, error) {
		o := withReadiness(s.overview(), s.unready())
		o.Services = slices.DeleteFunc(o.Services, func(n reconcile.Service) bool {
			return grouped && !slices.Contains(n.Groups, group) || chosen && n.Status != plan.Status(status)
		})
		return rendering.Made{}, encodeJSON(w, o)
	}}, nil
}

func (s *server) showService(r *http.Request) (reply, error) {
	o := s.latest()
	n, ok := o.Service(r.PathValue("service"))
	if !ok {
		return nil, s.unknown(r.PathValue("service"))
	}
	return jsonOf{http.StatusOK, n.Service}, nil
}

func (s *server) unknown(service string) error {
	var names []string
	for _, listed := range s.opt.State.Snapshot().Document.Services {
		names = append(names, listed.Name)
	}
	return newProblem(http.StatusNotFound, "unknown_service", "the file lists no service %q%s", service, desired.Suggest(service, names))
}

// stateBody is what services should be.
type stateBody struct {
	State  desired.State `json:"state"`
	Reason string        `json:"reason,omitempty"`
}

// serviceBody is what one service should be: one of both, or both.
type serviceBody struct {
	State    desired.State `json:"state,omitempty"`
	Replicas *int          `json:"replicas,omitempty"` // 1 to 1000
	Reason   string        `json:"reason,omitempty"`
}

// reasonBody is the body of what says all else by its path.
type reasonBody struct {
	Reason string `json:"reason,omitempty"`
}

// readStateBody reads a state, as text or JSON, that may be asked for in that
// role.
func readStateBody(r *http.Request) (stateBody, error) {
	var b stateBody
	err := readInto(r, &b, func(text []byte) { b.State = desired.State(text) })
	switch {
	case err != nil:
		return b, err
	case b.State == "":
		return b, newProblem(http.StatusBadRequest, "malformed", `say which state: running or stopped as text, or {"state":"stopped"}`)
	}
	return b, mayWant(r, b.State)
}

// mayWant returns why whoever asks may not want a service to be so.
func mayWant(r *http.Request, state desired.State) error {
	if state == desired.Absent {
		return permit(r, Admin) // it removes containers
	}
	return nil
}

func (s *server) putServiceState(r *http.Request) (reply, error) {
	var b serviceBody
	if err := readInto(r, &b, func(text []byte) { b.State = desired.State(text) }); err != nil {
		return nil, err
	}
	change := desired.Change{State: b.State}
	switch {
	case b.Replicas != nil && *b.Replicas < 1: // to Change 0 is "as it is"
		return nil, newProblem(http.StatusUnprocessableEntity, "unsuitable_state", "%d replicas: there is at least 1; to have none run, ask for stopped", *b.Replicas)
	case b.Replicas != nil:
		if err := permit(r, Admin); err != nil {
			return nil, err
		}
		change.Replicas = *b.Replicas
	case b.State == "":
		return nil, newProblem(http.StatusBadRequest, "malformed", `say which state: running or stopped as text, or {"state":"stopped"}`)
	}
	if err := mayWant(r, b.State); err != nil {
		return nil, err
	}
	return s.set(r, change, b.Reason)
}

// set makes the change to the service of the path and answers with what
// becomes of it.
func (s *server) set(r *http.Request, change desired.Change, reason string) (reply, error) {
	return s.setWith(r, change, nil, nil, reason)
}

// setWith is set with more changes, and with warnings about them.
func (s *server) setWith(r *http.Request, change desired.Change, more []desired.Change, warnings []string, reason string) (reply, error) {
	e, err := s.readEdit(r, reason)
	if err != nil {
		return nil, err
	}
	change.Service = r.PathValue("service")
	return s.change(r, e, desired.Flips(append([]desired.Change{change}, more...)...), func(snap desired.Snapshot, _ bool) (judge, error) {
		return s.one(change.Service, func(n reconcile.Tracked) verdict { return converged(n, snap.Generation) }).warning(warnings), nil
	})
}

// start wants the service running. One that is wanted so already gets no new
// generation but another try, and that is then waited for.
func (s *server) start(r *http.Request) (reply, error) {
	var b reasonBody
	if err := readInto(r, &b, nil); err != nil {
		return nil, err
	}
	e, err := s.readEdit(r, b.Reason)
	if err != nil {
		return nil, err
	}
	along, err := s.asked(r, "dependencies", true)
	if err != nil {
		return nil, err
	}
	service, doc := r.PathValue("service"), s.opt.State.Snapshot().Document
	before := s.opt.Loop.Known()
	was, _ := before.Service(service)
	changes := []desired.Change{{Service: service, State: desired.Running}} // a job: the store makes it completed
	var warnings []string
	if is, _ := doc.Service(service); along && is.State == desired.Stopped {
		var more []desired.Change
		more, warnings = startsWith(doc, before, service, s.now())
		changes = append(changes, more...)
	}
	return s.change(r, e, desired.Flips(changes...), func(snap desired.Snapshot, changed bool) (judge, error) {
		if !changed {
			if err := s.opt.Loop.Retry(doc.Key(service), actor(r), e.by.Reason); err != nil {
				return nil, err
			}
		}
		return s.one(service, func(n reconcile.Tracked) verdict {
			v := converged(n, snap.Generation)
			if v == given && !changed && !n.DecidedAt.After(was.DecidedAt) {
				return pending // what was decided before this try
			}
			return v
		}).warning(warnings), nil
	})
}

// stop wants the service stopped; asked for, those that depend on it, too.
func (s *server) stop(r *http.Request) (reply, error) {
	var b reasonBody
	if err := readInto(r, &b, nil); err != nil {
		return nil, err
	}
	dependents, err := s.asked(r, "dependents", false)
	if err != nil {
		return nil, err
	}
	var more []desired.Change
	var warnings []string
	if dependents {
		more, warnings = stopsWith(s.opt.State.Snapshot().Document, s.opt.Loop.Known(), r.PathValue("service"))
	}
	return s.setWith(r, desired.Change{State: desired.Stopped}, more, warnings, b.Reason)
}

// asked is a parameter that is true or false, or what it is unless it is there.
func (s *server) asked(r *http.Request, name string, unless bool) (bool, error) {
	q, err := params(r)
	if err != nil {
		return false, err
	}
	if _, there := q[name]; !there {
		return unless, nil
	}
	return truth(q, name)
}

// restartBody is the body of a restart.
type restartBody struct {
	Reason   string `json:"reason,omitempty"`
	Recreate bool   `json:"recreate,omitempty"` // apply definition and image
}

// restart is an act, not an edit: it makes no revision.
func (s *server) restart(r *http.Request) (reply, error) {
	service := r.PathValue("service")
	wait, why, err := readRestart(r)
	if err != nil {
		return nil, err
	}
	ticket, err := s.opt.Loop.Restart(s.opt.State.Snapshot().Document.Key(service), actor(r), why)
	if errors.Is(err, desired.ErrUnknownService) {
		return nil, s.unknown(service) // with what may have been meant
	}
	if err != nil {
		return nil, err
	}
	return s.await(wait, "", s.restarted(service, ticket)), nil
}

// restarted judges the restart of that ticket: one that was not made is told
// instead of the service, which may run as it did before.
func (s *server) restarted(service string, ticket int64) judge {
	return func(o reconcile.Known) (verdict, any, error) {
		n, ok := o.Service(service)
		switch {
		case !ok:
			return pending, nil, s.unknown(service)
		case n.Acts.Ended < ticket && n.Suspended != nil: // it is made once somebody resumes
			return given, n.Service, nil
		case n.Acts.Ended < ticket:
			return pending, n.Service, nil
		case n.Acts.Failed >= ticket:
			n.Message, n.LastError = "the restart was not made: "+n.Acts.Why, n.Acts.Why
			return given, n.Service, nil
		}
		return converged(n, n.Generation), n.Service, nil
	}
}

// readRestart returns how long a restart is waited for, and for what reason it
// is asked.
func readRestart(r *http.Request) (wait time.Duration, why string, err error) {
	var b restartBody
	if err := readInto(r, &b, nil); err != nil {
		return 0, "", err
	}
	q, err := params(r)
	if err != nil {
		return 0, "", err
	}
	if err := checkReason(b.Reason); err != nil {
		return 0, "", err
	}
	if b.Recreate {
		if err := permit(r, Admin); err != nil {
			return 0, "", err
		}
		return 0, "", fmt.Errorf("recreate %s: %w: nothing here says how to create its container", r.PathValue("service"), reconcile.ErrRefused)
	}
	wait, err = waitIn(q)
	return wait, b.Reason, err
}
