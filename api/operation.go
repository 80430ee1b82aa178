package api

import (
	"context"
	"net/http"
)

// operation is what a route takes and answers. Handlers read of it which
// parameters and types they have; openapi.json tells all of it (openapi.go).
type operation struct {
	id      string      // its name for generated clients
	reads   []parameter // of the query and of the headers
	takes   []content   // the bodies that it takes; none: it reads no body
	needs   bool        // a body must be sent
	answers []answer    // what it answers with but problems; the first is the one that is negotiated
	refuses []int       // the statuses of its problems, besides those of the guards
	fixed   bool        // it answers as it does, whatever is accepted
}

// parameter is something that is read beside the path and the body.
type parameter struct {
	name   string
	in     string // query or header
	what   string
	schema schema
}

// content is a body of one media type.
type content struct {
	kind string // the media type, without parameters
	of   any    // a value of the Go type that it is, or a schema; nil: text
}

// answer is one status and the bodies that it may have; none: it has none.
type answer struct {
	status int
	what   string
	bodies []content
	tagged bool // it carries the ETag of the file
}

// The media types of bodies.
const (
	typeJSON    = "application/json"
	typeYAML    = "application/yaml"
	typeProblem = "application/problem+json"
	typeText    = "text/plain"
	typeHTML    = "text/html"
	typeCSS     = "text/css"
	typeForm    = "application/x-www-form-urlencoded"
)

// Those of text that we write, as a Content-Type.
const (
	plainText = typeText + "; charset=utf-8"
	htmlText  = typeHTML + "; charset=utf-8"
	cssText   = typeCSS + "; charset=utf-8"
)

// asJSON is a JSON body of the type of v.
func asJSON(v any) []content { return []content{{typeJSON, v}} }

// found is the answer of a read.
func found(what string, bodies ...content) []answer {
	return []answer{{status: http.StatusOK, what: what, bodies: bodies}}
}

// The parameters of the query, and the headers, that several routes have.
var (
	waitParameter   = parameter{"wait", "query", "how long to wait for what was asked, a Go duration from 0s (the default) to 5m", schema{"type": "string"}}
	dryRunParameter = parameter{"dry_run", "query", "true: change nothing, and answer with what would be done", schema{"type": "boolean"}}
	reasonParameter = parameter{"reason", "query", "why: one line of at most 200 characters, kept with the revision", schema{"type": "string", "maxLength": maxReason}}
	ifMatchHeader   = parameter{"If-Match", "header", "the ETag that the file must have", schema{"type": "string"}}
	editParameters  = []parameter{waitParameter, dryRunParameter, reasonParameter, ifMatchHeader}
)

// edited are the answers of an edit: what it led to, or, in a dry run, what it
// would lead to.
func edited(v any) []answer {
	return []answer{
		{status: http.StatusOK, what: "it is as asked; in a dry run: what would be done", bodies: asJSON(oneOf{v, planned}), tagged: true},
		{status: http.StatusAccepted, what: "the file says so now; it isn't so yet, or can't be", bodies: asJSON(v), tagged: true},
	}
}

// The statuses with which what is asked may be refused, besides by the guards.
var (
	refusesNames  = []int{http.StatusNotFound}
	refusesBodies = []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}
	refusesActs   = []int{http.StatusNotFound, http.StatusConflict}
	refusesEdits  = []int{
		http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusInsufficientStorage,
	}
)

// offers are the media types of which the client may choose.
func (o operation) offers() []string {
	if o.fixed || len(o.answers) == 0 {
		return nil
	}
	var kinds []string
	for _, c := range o.answers[0].bodies {
		kinds = append(kinds, c.kind)
	}
	return kinds
}

// queryNames are the parameters of the query.
func (o operation) queryNames() []string {
	var names []string
	for _, p := range o.reads {
		if p.in == "query" {
			names = append(names, p.name)
		}
	}
	return names
}

// call is a request as its route sees it.
type call struct {
	route route
	kind  string // the media type of the answer that was negotiated
}

type callKey struct{}

// callOf returns what the table says of the request.
func callOf(r *http.Request) call {
	c, _ := r.Context().Value(callKey{}).(call)
	return c
}

// params returns the parameters of the query; those that the route doesn't
// have are refused.
func params(r *http.Request) (map[string]string, error) {
	return query(r, callOf(r).route.queryNames()...)
}

// answered answers with what the route's handler returns: the media type of the
// answer is settled before anything is done.
func (t route) answered() http.HandlerFunc {
	offers := t.offers()
	return func(w http.ResponseWriter, r *http.Request) {
		c := call{route: t}
		if len(offers) > 1 {
			w.Header().Set("Vary", "Accept")
		}
		if len(offers) > 0 {
			if c.kind = negotiate(r.Header.Values("Accept"), offers); c.kind == "" {
				conclude(w, r, nil, notAcceptable(r, offers))
				return
			}
		}
		r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
		what, err := t.handler(r)
		conclude(w, r, what, err)
	}
}
