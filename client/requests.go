package client

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"reconciler/desired"
)

// Request is a change that is asked for, or a look at something.
type Request struct {
	Wait   time.Duration // until it is as asked for; 0: not at all
	DryRun bool          // change nothing, and answer with what would be done

	method string
	path   string
	query  url.Values // nil: none
	accept string     // empty: application/json
	after  string     // the event after which a stream begins; empty: now
	body   any        // nil: none
}

// target is the request's path with its query.
func (r Request) target() string {
	q := url.Values{}
	maps.Copy(q, r.query)
	if r.Wait > 0 {
		q.Set("wait", r.Wait.String())
	}
	if r.DryRun {
		q.Set("dry_run", "true")
	}
	if len(q) == 0 {
		return r.path
	}
	return r.path + "?" + q.Encode()
}

// get is a look.
func get(path string, query url.Values) Request {
	return Request{method: http.MethodGet, path: path, query: query}
}

func servicePath(service string) string { return "/v1/services/" + url.PathEscape(service) }

// revisionPath is that of a revision, 0: of all.
func revisionPath(n int64) string {
	if n == 0 {
		return "/v1/revisions"
	}
	return "/v1/revisions/" + strconv.FormatInt(n, 10)
}

// text is a query of one key; a text that is empty is none.
func text(key, value string) url.Values {
	if value == "" {
		return nil
	}
	return url.Values{key: {value}}
}

// Want wants the service in this state.
func Want(service string, state desired.State, reason string) Request {
	return Request{
		method: http.MethodPut, path: servicePath(service) + "/state",
		body: map[string]string{"state": string(state), "reason": reason},
	}
}

// WantAll wants these services in this state, in one revision.
func WantAll(services []string, state desired.State, reason string) Request {
	states := make(map[string]string, len(services))
	for _, s := range services {
		states[s] = string(state)
	}
	return Request{method: http.MethodPut, path: "/v1/services/state", query: text("reason", reason), body: states}
}

// WantGroup wants the members of the group in this state, in one revision.
func WantGroup(group string, state desired.State, reason string) Request {
	return Request{
		method: http.MethodPut, path: "/v1/groups/" + url.PathEscape(group) + "/state",
		body: map[string]string{"state": string(state), "reason": reason},
	}
}

// Press presses a button of the service: start, stop or restart.
func Press(service, button, reason string) Request {
	return Request{method: http.MethodPost, path: servicePath(service) + "/" + button, body: map[string]string{"reason": reason}}
}

// Suspension is for how long a service is left alone, and why. The zero value:
// until it is resumed.
type Suspension struct {
	For    time.Duration // 0: no such end
	Until  time.Time     // zero: no such end
	Reason string
}

// Suspend leaves the service alone.
func Suspend(service string, s Suspension) Request {
	body := map[string]string{"reason": s.Reason}
	if s.For > 0 {
		body["for"] = s.For.String()
	}
	if !s.Until.IsZero() {
		body["until"] = s.Until.UTC().Format(time.RFC3339)
	}
	return Request{method: http.MethodPut, path: servicePath(service) + "/suspend", body: body}
}

// Resume cares for the service again.
func Resume(service, reason string) Request {
	return Request{method: http.MethodDelete, path: servicePath(service) + "/suspend", query: text("reason", reason)}
}

// Restore writes the file of revision n again.
func Restore(n int64, reason string) Request {
	return Request{method: http.MethodPost, path: revisionPath(n) + "/restore", body: map[string]string{"reason": reason}}
}
