package api

import (
	"net/http"
	"slices"

	"reconciler/api/wire"
	"reconciler/desired"
	"reconciler/reconcile"
)

// route is one line of the table. What has no line is not answered.
type route struct {
	method  string
	path    string
	role    Role   // who may
	what    string // for docs/http.md
	handler handler
	operation
}

// routes are all of them.
func (s *server) routes() []route {
	var all []route
	for _, part := range [][]route{s.stateRoutes(), s.serviceRoutes(), s.flipRoutes(), s.streamRoutes(), s.revisionRoutes(), s.descriptionRoutes(), s.healthRoutes(), s.pageRoutes()} {
		all = append(all, part...)
	}
	return all
}

// stateRoutes are about the file as a whole.
func (s *server) stateRoutes() []route {
	return []route{
		{
			"GET", "/v1/state", Read, "the file: YAML, byte for byte, or JSON by `Accept`; `ETag`", s.showState,
			operation{
				id: "getState", answers: []answer{
					{status: http.StatusOK, what: "the file", bodies: []content{{typeYAML, nil}, {typeJSON, fileSchema}}, tagged: true},
					{status: http.StatusNotModified, what: "it is the one that If-None-Match names", tagged: true},
				},
				reads: []parameter{{"If-None-Match", "header", "the ETag of the file that is known", schema{"type": "string"}}},
			},
		},
		{
			"PUT", "/v1/state", Admin, "replaces the file: YAML, or JSON that is written as YAML; an edit", s.putState,
			operation{
				id: "putState", reads: editParameters, needs: true,
				takes:   []content{{typeYAML, nil}, {typeJSON, fileSchema}, {"text/yaml", nil}, {"application/x-yaml", nil}},
				answers: edited(wire.Batch{}), refuses: refusesEdits,
			},
		},
		{
			"GET", "/v1/plan", Read, "what would be done now, and why or why not; JSON, or text by `Accept: text/plain`", s.plan,
			operation{id: "getPlan", answers: found("what would be done", content{typeJSON, planned}, content{typeText, nil})},
		},
		{
			"POST", "/v1/reconcile", Flip, "looks at everything now", s.reconcileNow,
			operation{
				id: "reconcile", takes: asJSON(reasonBody{}), refuses: refusesBodies,
				answers: []answer{{status: http.StatusAccepted, what: "what was known before", bodies: asJSON(reconcile.Overview{})}},
			},
		},
	}
}

// serviceRoutes show services and ask for acts.
func (s *server) serviceRoutes() []route {
	return []route{
		{
			"GET", "/v1/services", Read, "the status of all services, and the orphans; `?group=`, `?status=`", s.listServices,
			operation{
				id: "listServices", reads: []parameter{
					{"group", "query", "only the members of this group", schema{"type": "string"}},
					{"status", "query", "only those of this status", statusSchema},
				},
				answers: found("all services", asJSON(reconcile.Overview{})...), refuses: refusesNames,
			},
		},
		{
			"GET", "/v1/services/{service}", Read, "the status of one service", s.showService,
			operation{id: "getService", answers: found("its status", asJSON(reconcile.Service{})...), refuses: refusesNames},
		},
		{
			"POST", "/v1/services/{service}/restart", Flip, "restarts its containers one by one; a job: runs it again; `?wait=`; `{\"recreate\":true}`: admin", s.restart,
			operation{
				id: "restartService", reads: []parameter{waitParameter}, takes: asJSON(restartBody{}), refuses: append(refusesBodies, refusesActs...),
				answers: []answer{
					{status: http.StatusOK, what: "it was made", bodies: asJSON(reconcile.Service{})},
					{status: http.StatusAccepted, what: "it is asked for", bodies: asJSON(reconcile.Service{})},
				},
			},
		},
	}
}

// flipRoutes edit whether services run.
func (s *server) flipRoutes() []route {
	one := func(id string, body any) operation {
		return operation{id: id, reads: editParameters, takes: asJSON(body), answers: edited(reconcile.Service{}), refuses: refusesEdits}
	}
	put := one("putServiceState", serviceBody{})
	put.takes, put.needs = append(put.takes, content{typeText, stateSchema}, content{typeForm, stateSchema}), true
	group := []content{{typeJSON, stateBody{}}, {typeText, stateSchema}, {typeForm, stateSchema}}
	return []route{
		{"PUT", "/v1/services/{service}/state", Flip, "wants it `running`, `stopped` or, a job, `completed`; an edit. `replicas` and `absent`: admin", s.putServiceState, put},
		{
			"POST", "/v1/services/{service}/start", Flip, "wants it running (a job: completed); wanted so already: tries now; an edit; `?dependencies=false`: without what it depends on", s.start,
			also(one("startService", reasonBody{}), "dependencies", "whether the listed stopped services that it depends on are started, too; default true"),
		},
		{
			"POST", "/v1/services/{service}/stop", Flip, "wants it stopped; an edit; `?dependents=true`: those that depend on it, too", s.stop,
			also(one("stopService", reasonBody{}), "dependents", "whether the services that depend on it are stopped, too; default false"),
		},
		{
			"PUT", "/v1/services/{service}/suspend", Flip, "holds it: nothing is done to it; `{\"for\":\"2h\"}`, `until`, or until it is resumed; an edit", s.suspend,
			one("suspendService", suspendBody{}),
		},
		{
			"DELETE", "/v1/services/{service}/suspend", Flip, "resumes it; an edit", s.resume,
			operation{id: "resumeService", reads: editParameters, answers: edited(reconcile.Service{}), refuses: refusesEdits},
		},
		{
			"PUT", "/v1/groups/{group}/state", Flip, "wants all members of the group so, in one edit; what can't be so is skipped", s.putGroupState,
			operation{id: "putGroupState", reads: editParameters, takes: group, needs: true, answers: edited(wire.Batch{}), refuses: refusesEdits},
		},
		{
			"PUT", "/v1/services/state", Flip, "wants each service as the body says, `{\"web\":\"running\",\"db\":\"stopped\"}`, in one edit", s.putServicesState,
			operation{
				id: "putServicesState", reads: editParameters, takes: asJSON(map[string]desired.State{}), needs: true,
				answers: edited(wire.Batch{}), refuses: refusesEdits,
			},
		},
	}
}

// also is the operation with one more parameter that is true or false.
func also(o operation, name, what string) operation {
	o.reads = append(slices.Clone(o.reads), parameter{name, "query", what, schema{"type": "boolean"}})
	return o
}

// streamRoutes tell what happens, and may go on without an end.
func (s *server) streamRoutes() []route {
	return []route{
		{
			"GET", "/v1/events", Read, "what happened: as it happens (`text/event-stream`), or as a list by `Accept: application/json`; `?service=`, `Last-Event-ID`", s.events,
			operation{
				id: "getEvents", refuses: refusesNames, reads: []parameter{
					{"service", "query", "only what is about this service", schema{"type": "string"}},
					{"last_event_id", "query", "begin after the event of this ID; none: now, or for a list with all that is kept", schema{"type": "string"}},
					{"Last-Event-ID", "header", "the same, and more than the query", schema{"type": "string"}},
				},
				answers: found("the events", content{typeEvents, nil}, content{typeJSON, eventList{}}),
			},
		},
		{
			"GET", "/v1/services/{service}/logs", Flip, "the last lines of its container (they may hold secrets); `?tail=200`, `?follow=true`, `?container=`", s.logs,
			operation{
				id: "getLogs", refuses: refusesActs, reads: []parameter{
					{"tail", "query", "how many lines that are there already", schema{"type": "integer", "minimum": 0, "maximum": maxTail, "default": defaultTail}},
					{"follow", "query", "true: go on with what is written from now on", schema{"type": "boolean", "default": false}},
					{"container", "query", "the container; none: the first", schema{"type": "string"}},
				},
				answers: found("what it wrote", content{typeText, nil}),
			},
		},
	}
}

// revisionRoutes are about what the file was.
func (s *server) revisionRoutes() []route {
	return []route{
		{
			"GET", "/v1/revisions", Read, "the last 100 changes of the file: who, when, why and what, newest first", s.listRevisions,
			operation{id: "listRevisions", answers: found("the changes", asJSON(wire.RevisionList{})...)},
		},
		{
			"GET", "/v1/revisions/{n}", Read, "one of them, with the file's text; `Accept: application/yaml`: the text alone", s.showRevision,
			operation{id: "getRevision", refuses: refusesNames, answers: []answer{
				{status: http.StatusOK, what: "the change", bodies: []content{{typeJSON, wire.RevisionText{}}, {typeYAML, nil}}, tagged: true},
			}},
		},
		{
			"POST", "/v1/revisions/{n}/restore", Admin, "writes it back, as a new one; an edit", s.restoreRevision,
			operation{id: "restoreRevision", reads: editParameters, takes: asJSON(reasonBody{}), answers: edited(wire.Batch{}), refuses: refusesEdits},
		},
	}
}

// descriptionRoutes tell programs what may be said, and what is answered.
func (s *server) descriptionRoutes() []route {
	anything := schema{"type": "object"}
	return []route{
		{
			"GET", "/v1/schema", Read, "the JSON Schema of `state.yaml`", s.showSchema,
			operation{id: "getSchema", answers: found("the schema", content{typeSchema, anything}, content{typeJSON, anything})},
		},
		{
			"GET", "/v1/openapi.json", Read, "all of this, as OpenAPI 3.0", s.showOpenAPI,
			operation{id: "getOpenAPI", answers: found("the description", asJSON(anything)...)},
		},
	}
}

// healthRoutes are for whoever watches the daemon.
func (s *server) healthRoutes() []route {
	return []route{
		{
			"GET", "/healthz", None, "200 while the loop works, whatever the engine does", s.healthz,
			operation{id: "getHealth", fixed: true, answers: found("the loop works", content{typeText, nil})},
		},
		{
			"GET", "/readyz", Read, "200, or 503 with the reasons why the promise can't be kept now", s.readyz,
			operation{id: "getReadiness", answers: []answer{
				{status: http.StatusOK, what: "ready", bodies: []content{{typeText, nil}, {typeJSON, readiness{}}}},
				{status: http.StatusServiceUnavailable, what: "not ready, and why", bodies: []content{{typeText, nil}, {typeJSON, readiness{}}}},
			}},
		},
		{
			"GET", "/metrics", Read, "Prometheus metrics (docs/metrics.md)", from(s.opt.Metrics),
			operation{id: "getMetrics", fixed: true, answers: found("the metrics", content{typeText, nil}, content{"application/openmetrics-text", nil})},
		},
	}
}

// pageRoutes are for a browser.
func (s *server) pageRoutes() []route {
	form := schema{"type": "object", "properties": schema{"token": schema{"type": "string"}}, "required": []string{"token"}}
	toPage := answer{status: http.StatusSeeOther, what: "go on to the page"}
	return []route{
		{
			"GET", "/{$}", Read, "the page", s.page,
			operation{id: "getPage", answers: append(found("the page", content{typeHTML, nil}), answer{status: http.StatusSeeOther, what: "log in first"})},
		},
		{"GET", "/style.css", None, "the page's style", s.style, operation{id: "getStyle", answers: found("the style", content{typeCSS, nil})}},
		{
			"GET", "/login", None, "the form by which a person with a token comes to the page", s.login,
			operation{id: "getLogin", answers: found("the form", content{typeHTML, nil})},
		},
		{
			"POST", "/login", None, "opens a session for the form's `token`, and sends to the page", s.postLogin,
			operation{id: "postLogin", takes: []content{{typeForm, form}}, needs: true, refuses: refusesBodies, fixed: true, answers: []answer{
				toPage,
				{status: http.StatusUnauthorized, what: "the form again", bodies: []content{{typeHTML, nil}}},
				{status: http.StatusTooManyRequests, what: "the form again", bodies: []content{{typeHTML, nil}}},
				{status: http.StatusServiceUnavailable, what: "the form again", bodies: []content{{typeHTML, nil}}},
			}},
		},
		{
			"POST", "/logout", None, "ends the session", s.logout,
			operation{id: "postLogout", fixed: true, answers: []answer{{status: http.StatusSeeOther, what: "go on to the login"}}},
		},
	}
}
