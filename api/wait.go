package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"reconciler/api/wire"
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
func converged(n reconcile.Tracked, generation int64) verdict {
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
type judge func(reconcile.Known) (verdict, any, error)

// one judges one service and answers with its status.
func (s *server) one(service string, of func(reconcile.Tracked) verdict) judge {
	return func(o reconcile.Known) (verdict, any, error) {
		n, ok := o.Service(service)
		if !ok { // taken out of the file meanwhile
			return pending, nil, s.unknown(service)
		}
		return of(n), n.Service, nil
	}
}

// warning adds warnings to the service that is answered with.
func (decide judge) warning(more []string) judge {
	return func(o reconcile.Known) (verdict, any, error) {
		v, body, err := decide(o)
		if n, ok := body.(reconcile.Service); ok && len(more) > 0 {
			n.Warnings = slices.Concat(n.Warnings, more)
			body = n
		}
		return v, body, err
	}
}

// await is the answer once the judge has decided or the time is over; at once
// where too many wait already. The edit was made before, and stays when the
// client goes. tag is the ETag of the answer; empty: it has none.
func (s *server) await(wait time.Duration, tag string, decide judge) reply {
	return live(func(w http.ResponseWriter, r *http.Request) error {
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
		status, became, err := s.settled(ctx, decide)
		if err != nil {
			return err
		}
		if tag != "" {
			w.Header().Set("ETag", tag)
		}
		return s.became(status, became).write(w, r)
	})
}

// settled returns what became of what was asked, and with which status it is
// told, once the judge has decided or ctx has ended.
func (s *server) settled(ctx context.Context, decide judge) (status int, became any, err error) {
	for {
		changed := s.opt.Loop.Changed() // before reading, or a change between the two is slept through
		v, became, err := decide(s.latest().Known)
		switch {
		case err != nil:
			return 0, nil, err
		case v == arrived:
			return http.StatusOK, became, nil
		case v == given, ctx.Err() != nil:
			return http.StatusAccepted, became, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// became tells what became of what was asked: it is done, also where there is
// no room to tell of many services.
func (s *server) became(status int, what any) reply {
	if _, several := what.(wire.Batch); !several {
		return jsonOf{status, what}
	}
	return live(func(w http.ResponseWriter, r *http.Request) error {
		if err := (large{press: s.answers, status: status, kind: typeJSON, fill: inJSON(what)}).write(w, r); err != nil {
			return fmt.Errorf("what was asked is done, but what became of it can't be told (GET /v1/services tells it): %w", err)
		}
		return nil
	})
}

// patience is the time that a request may wait, and lets its connection live
// as long.
func patience(w http.ResponseWriter, r *http.Request, wait time.Duration) (context.Context, context.CancelFunc) {
	// Only a real connection has a deadline; one that failed is found on
	// writing. net/http drops the one for reading once the body was read.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(wait + writeTimeout))
	return context.WithTimeout(r.Context(), wait)
}
