package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile"
	"reconciler/reconcile/plan"
)

// Logs reads what containers wrote; an engine.Engine does.
type Logs interface {
	Logs(ctx context.Context, id string, opt engine.LogOptions, deliver func(chunk []byte) error) error
}

// The lines of a log that are told without being asked for, and at most.
const (
	defaultTail = 200
	maxTail     = 10_000
)

// Logs that are followed have no end, so they have places of their own: not all
// of the streams', and none of the logs' that have one. These are read within
// maxLogTime, however slowly the client takes them.
const (
	maxFollowed = 16
	maxLogTime  = 2 * time.Minute
)

// followed are the places of the logs that are followed. The zero value has all
// free. It is safe for concurrent use.
type followed struct{ taken atomic.Int64 }

// enter takes a place, or says that there is none; leave gives it back.
func (f *followed) enter() (leave func(), err error) {
	leave = func() { f.taken.Add(-1) }
	if f.taken.Add(1) > maxFollowed {
		leave()
		return nil, newProblem(http.StatusServiceUnavailable, "too_many_logs", "%d logs are followed already; end one of them, or ask without follow", maxFollowed)
	}
	return leave, nil
}

// logs tells what a container of the service wrote.
func (s *server) logs(r *http.Request) (reply, error) {
	id, opt, err := s.readLogs(r)
	if err != nil {
		return nil, err
	}
	return live(func(w http.ResponseWriter, r *http.Request) error {
		if opt.Follow {
			leave, err := s.placeToFollow()
			if err != nil {
				return err
			}
			defer leave()
		}
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Type", plainText)
			return nil
		}
		return s.pour(w, r, id, opt)
	}), nil
}

// placeToFollow takes the places of a log that is followed; leave gives them back.
func (s *server) placeToFollow() (leave func(), err error) {
	leaveFollowed, err := s.followed.enter()
	if err != nil {
		return nil, err
	}
	leaveStream, err := s.places.stream()
	if err != nil {
		leaveFollowed()
		return nil, err
	}
	return func() { leaveStream(); leaveFollowed() }, nil
}

// readLogs returns of which container what is asked for.
func (s *server) readLogs(r *http.Request) (id string, opt engine.LogOptions, err error) {
	q, err := params(r)
	if err != nil {
		return "", opt, err
	}
	opt.Tail = defaultTail
	if text, asked := q["tail"]; asked {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil || n > maxTail {
			return "", opt, newProblem(http.StatusBadRequest, "query", "tail=%q is no number of lines from 0 to %d", text, maxTail)
		}
		opt.Tail = int(n)
	}
	if opt.Follow, err = truth(q, "follow"); err != nil {
		return "", opt, err
	}
	o := s.latest()
	n, listed := o.Service(r.PathValue("service"))
	if !listed {
		return "", opt, s.unknown(r.PathValue("service"))
	}
	name, asked := q["container"]
	id, err = containerOf(n, name, asked)
	return id, opt, err
}

// containerOf returns the ID of the service's container of that name; of its
// first one, if none was named.
func containerOf(n reconcile.Tracked, name string, named bool) (string, error) {
	var known []string
	for _, c := range n.Containers {
		if c.Name == name || !named {
			return c.ID, nil
		}
		known = append(known, c.Name)
	}
	ready, _ := n.Condition(reconcile.Ready)
	switch {
	case named:
		return "", newProblem(http.StatusNotFound, "unknown_container", "%s has no container %q%s", n.Name, name, desired.Suggest(name, known))
	case ready.Reason == string(plan.ReasonEngineDown):
		return "", fmt.Errorf("logs of %s: %w", n.Name, engine.ErrUnavailable)
	case ready.Reason == string(plan.ReasonNotHeld):
		return "", fmt.Errorf("logs of %s: %w: %s", n.Name, desired.ErrUnheld, strings.TrimPrefix(n.Message, desired.ErrUnheld.Error()+": "))
	case n.Status == plan.StatusUnknown:
		return "", fmt.Errorf("logs of %s: %w: its containers aren't known: %s", n.Name, reconcile.ErrRefused, n.Message)
	}
	return "", fmt.Errorf("logs of %s: %w: it has no container", n.Name, reconcile.ErrRefused)
}

// pour writes the log as it is read. What goes wrong before the first byte is
// returned; after it the connection is cut, so that half a log isn't taken for a
// whole one. Who follows hears at once that there is a log, however long it is
// quiet.
func (s *server) pour(w http.ResponseWriter, r *http.Request, id string, opt engine.LogOptions) error {
	ctx := r.Context()
	if !opt.Follow {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, maxLogTime)
		defer cancel()
	}
	out, began := s.streaming(w, r), false
	write := func(chunk []byte) error {
		if !began {
			began = true
			w.Header().Set("Content-Type", plainText)
			w.Header().Set("X-Accel-Buffering", "no") // else nginx keeps lines back
		}
		_, err := out.Write(chunk)
		return err
	}
	err := s.read(ctx, id, opt, write)
	switch {
	case err == nil && !began:
		_ = write(nil) // it is empty; that the client went away is nobody's error
	case err == nil, r.Context().Err() != nil:
	case began:
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now()) // the end of the body can't be written any more
	default:
		return illegible(err)
	}
	return nil
}

// read reads the log. Of one that is followed it first delivers nothing, once it
// is known that there is a log.
func (s *server) read(ctx context.Context, id string, opt engine.LogOptions, deliver func(chunk []byte) error) error {
	if opt.Follow {
		if err := s.opt.Logs.Logs(ctx, id, engine.LogOptions{}, func([]byte) error { return nil }); err != nil {
			return err
		}
		if err := deliver(nil); err != nil {
			return err
		}
	}
	return s.opt.Logs.Logs(ctx, id, opt, deliver)
}

// illegible tells that the log of this container, as it is, can't be read.
func illegible(err error) error {
	for _, why := range []error{engine.ErrNotFound, engine.ErrConflict, engine.ErrInvalid} {
		if errors.Is(err, why) {
			return fmt.Errorf("%w: %w", reconcile.ErrRefused, err)
		}
	}
	return err
}
