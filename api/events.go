package api

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"

	"reconciler/desired"
	"reconciler/internal/rendering"
	"reconciler/reconcile"
)

// pingEvery is how often a stream of events says that it lives.
const pingEvery = 15 * time.Second

// typeEvents is the media type of events as they happen (WHATWG HTML, 9.2).
const typeEvents = "text/event-stream"

// eventList is what is told of what happened.
type eventList struct {
	Events []reconcile.Entry `json:"events"` // oldest first
}

// gap is told where events are missing before those that follow, as an event of
// this kind.
const gap = "gap"

// events tells what happened: as a list, or as it happens.
func (s *server) events(r *http.Request) (reply, error) {
	q, err := params(r)
	if err != nil {
		return nil, err
	}
	service, one := q["service"]
	if _, listed := s.opt.State.Snapshot().Document.Service(service); one && !listed {
		return nil, s.unknown(service)
	}
	last := q["last_event_id"]
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		last = id // of a client that comes back to the address that it had
	}
	concerns := func(e reconcile.Entry) bool { return !one || e.Service == service }
	if callOf(r).kind == typeJSON {
		return large{press: s.answers, status: http.StatusOK, kind: typeJSON, fill: func(w io.Writer) (rendering.Made, error) {
			return rendering.Made{}, encodeJSON(w, s.eventsSince(last, concerns))
		}}, nil
	}
	return live(func(w http.ResponseWriter, r *http.Request) error { return s.follow(w, r, last, concerns) }), nil
}

// eventsSince are those that are kept after the one of that ID; none: all.
func (s *server) eventsSince(last string, concerns func(reconcile.Entry) bool) eventList {
	list := eventList{Events: []reconcile.Entry{}}
	kept, _ := s.opt.History.Since(last, math.MaxInt32)
	for _, e := range kept {
		if concerns(e) {
			list.Events = append(list.Events, e)
		}
	}
	return list
}

// follow tells the events as they happen, until the client goes or the program
// ends. It begins after the event of that ID; none: now.
func (s *server) follow(w http.ResponseWriter, r *http.Request, last string, concerns func(reconcile.Entry) bool) error {
	leave, err := s.places.stream()
	if err != nil {
		return err
	}
	defer leave()
	w.Header().Set("Content-Type", typeEvents)
	w.Header().Set("X-Accel-Buffering", "no") // else nginx keeps events back
	if r.Method == http.MethodHead {
		return nil
	}
	if last == "" {
		last = s.opt.History.Last()
	}
	out := s.streaming(w, r)
	if _, err := fmt.Fprint(out, ": ping\n\n"); err != nil { // so that the client has the headers
		return nil
	}
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		changed := s.opt.History.Changed() // before reading, or an event between the two is slept through
		if last, err = s.tell(out, last, concerns); err != nil {
			return nil
		}
		select {
		case <-changed:
		case <-ping.C:
			if _, err := fmt.Fprint(out, ": ping\n\n"); err != nil {
				return nil
			}
		case <-r.Context().Done():
			return nil
		}
	}
}

// tell writes what happened after the event of that ID, and returns the ID of
// the newest one. Error: that of the stream.
func (s *server) tell(out *stream, last string, concerns func(reconcile.Entry) bool) (string, error) {
	for {
		next, more, err := s.tellSome(out, last, concerns)
		if err != nil || !more {
			return next, err
		}
		last = next
	}
}

// atOnce is how many events a stream holds at a time: who reads slowly keeps no
// others.
const atOnce = 32

// tellSome is tell of the first few, and whether there are more.
func (s *server) tellSome(out *stream, last string, concerns func(reconcile.Entry) bool) (newest string, more bool, err error) {
	newest = s.opt.History.Last()
	entries, missing := s.opt.History.Since(last, atOnce)
	if missing {
		if len(entries) > 0 {
			newest = ""
		}
		if err := frame(out, newest, gap, []byte(`{"kind":"`+gap+`"}`)); err != nil {
			return last, false, err
		}
		last = newest
	}
	for _, e := range entries {
		last = e.ID
		if !concerns(e) {
			continue
		}
		data, err := json.Marshal(e)
		if err != nil {
			return last, false, err
		}
		if err := frame(out, e.ID, string(e.Kind), data); err != nil {
			return last, false, err
		}
	}
	return last, len(entries) == atOnce, nil
}

// frame writes one event; without an ID the client keeps the one that it has.
func frame(out *stream, id, kind string, data []byte) error {
	if id != "" {
		id = "id: " + id + "\n"
	}
	_, err := fmt.Fprintf(out, "%sevent: %s\ndata: %s\n\n", id, kind, desired.HarmlessJSON(data))
	return err
}
