package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"reconciler/internal/rendering"
	"reconciler/reconcile"
)

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

// judge looks at the overview and returns what to answer with if this is the
// end. An error ends the waiting too.
type judge func(reconcile.Overview) (verdict, any, error)

// one judges one service and answers with its status.
func (s *server) one(service string, of func(reconcile.Service) verdict) judge {
	return func(o reconcile.Overview) (verdict, any, error) {
		n, ok := o.Service(service)
		if !ok { // taken out of the file meanwhile
			return pending, nil, s.unknown(service)
		}
		return of(n), n, nil
	}
}

// warning adds warnings to the service that is answered with.
func (decide judge) warning(more []string) judge {
	return func(o reconcile.Overview) (verdict, any, error) {
		v, body, err := decide(o)
		if n, ok := body.(reconcile.Service); ok && len(more) > 0 {
			n.Warnings = slices.Concat(n.Warnings, more)
			body = n
		}
		return v, body, err
	}
}

// await answers once the judge has decided or the time is over; at once where
// too many wait already. The edit was made before, and stays when the client
// goes.
func (s *server) await(w http.ResponseWriter, r *http.Request, wait time.Duration, decide judge) {
	used(r)
	if wait > 0 {
		leave, place := s.places.wait()
		defer leave()
		if !place {
			wait = 0
		}
	}
	ctx, cancel := patience(w, r, wait)
	defer cancel()
	for {
		changed := s.opt.Loop.Changed() // before reading, or a change between the two is slept through
		v, body, err := decide(s.overview().overview)
		switch {
		case err != nil:
			w.Header().Del("ETag") // it isn't told what the answer would have been of
			fail(w, err)
			return
		case v == arrived:
			s.tellEnd(w, r, http.StatusOK, body)
			return
		case v == given, ctx.Err() != nil:
			s.tellEnd(w, r, http.StatusAccepted, body)
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// tellEnd answers with what became of what was asked: it is done, also where
// there is no room to tell of many services.
func (s *server) tellEnd(w http.ResponseWriter, r *http.Request, status int, body any) {
	if _, many := body.(batch); !many {
		respond(w, status, body)
		return
	}
	print, err := s.answers.Make(r.Context(), rendering.Order{Write: inJSON(body)})
	if err != nil {
		fail(w, fmt.Errorf("what was asked is done, but what became of it can't be told (GET /v1/services tells it): %w", err))
		return
	}
	defer print.Close()
	w.Header().Set("Content-Type", typeJSON)
	print.Serve(w, r, status, false)
}

// patience is the time that a request may wait, and lets its connection live
// as long.
func patience(w http.ResponseWriter, r *http.Request, wait time.Duration) (context.Context, context.CancelFunc) {
	// Only a real connection has a deadline; one that failed is found on
	// writing. net/http drops the one for reading once the body was read.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(wait + writeTimeout))
	return context.WithTimeout(r.Context(), wait)
}
