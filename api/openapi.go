package api

import (
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"reconciler/desired"
	"reconciler/internal/rendering"
)

// typeSchema is the media type of a JSON Schema.
const typeSchema = "application/schema+json"

// showSchema tells what state.yaml may say.
func (s *server) showSchema(r *http.Request) (reply, error) {
	return text{status: http.StatusOK, kind: callOf(r).kind, bytes: desired.Schema()}, nil
}

// showOpenAPI tells what is answered here.
func (s *server) showOpenAPI(*http.Request) (reply, error) {
	return large{press: s.answers, status: http.StatusOK, kind: typeJSON, key: "openapi", fill: func(w io.Writer) (rendering.Made, error) {
		return rendering.Made{Still: func() bool { return true }}, encodeJSON(w, describe(s.routes()))
	}}, nil
}

// object is one of the description.
type object = map[string]any

// describe describes the routes as OpenAPI 3.0 does. The same routes give the
// same bytes.
func describe(routes []route) object {
	all := make(schemas)
	refusal := all.of(problem{})
	paths := object{}
	for _, r := range routes {
		path := strings.TrimSuffix(r.path, "{$}")
		if paths[path] == nil {
			paths[path] = object{}
		}
		paths[path].(object)[strings.ToLower(r.method)] = r.describe(all)
	}
	return object{
		"openapi": "3.0.3",
		"info": object{
			"title":   "reconciler",
			"version": "1",
			"description": "What should run, what runs, and why not. HTTP changes whether a service runs, never what it is. " +
				"Each GET takes HEAD too. x-role is the least role that may: none, read, flip or admin. " +
				"Doors that are open to this host alone, and sockets, grant a role without a token.",
		},
		"paths": paths,
		"components": object{
			"schemas": all,
			"responses": object{"Refusal": object{
				"description": "why not",
				"content":     object{typeProblem: object{"schema": refusal}},
			}},
			"securitySchemes": object{
				"bearer": object{"type": "http", "scheme": "bearer", "description": "a token of --token-file"},
				"session": object{
					"type": "apiKey", "in": "cookie", "name": cookieName(false),
					"description": "opened by POST /login; over TLS its name is " + cookieName(true),
				},
			},
		},
	}
}

// describe is one operation.
func (t route) describe(all schemas) object {
	op := object{
		"operationId": t.id,
		"summary":     strings.ReplaceAll(t.what, "`", ""),
		"x-role":      t.role,
		"security":    []object{{"bearer": []string{}}, {"session": []string{}}},
		"responses":   t.responses(all),
	}
	if t.role == None {
		op["security"] = []object{}
	}
	if parameters := t.parameters(); len(parameters) > 0 {
		op["parameters"] = parameters
	}
	if len(t.takes) > 0 {
		op["requestBody"] = object{"required": t.needs, "content": all.contents(t.takes)}
	}
	return op
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// parameters are those of the path, then the others.
func (t route) parameters() []object {
	var all []object
	for _, found := range pathParameter.FindAllStringSubmatch(t.path, -1) {
		of := schema{"type": "string"}
		if found[1] == "n" {
			of = schema{"type": "integer", "format": "int64", "minimum": 1}
		}
		all = append(all, object{"name": found[1], "in": "path", "required": true, "schema": of})
	}
	for _, p := range t.reads {
		all = append(all, object{"name": p.name, "in": p.in, "description": p.what, "schema": p.schema})
	}
	return all
}

// contents are bodies by their media type.
func (s schemas) contents(bodies []content) object {
	all := object{}
	for _, c := range bodies {
		all[c.kind] = object{"schema": s.of(c.of)}
	}
	return all
}

// responses are the answers, and the problems: those of the route, and those of
// the guards before it.
func (t route) responses(all schemas) object {
	told := object{}
	for _, a := range t.answers {
		said := object{"description": a.what}
		if len(a.bodies) > 0 {
			said["content"] = all.contents(a.bodies)
		}
		if a.tagged {
			said["headers"] = object{"ETag": object{"description": "of the file", "schema": schema{"type": "string"}}}
		}
		told[strconv.Itoa(a.status)] = said
	}
	for _, status := range t.problems() {
		code := strconv.Itoa(status)
		said, also := told[code].(object)
		if !also {
			told[code] = object{"$ref": "#/components/responses/Refusal"}
			continue
		}
		bodies := object{typeProblem: object{"schema": all.of(problem{})}}
		if own, has := said["content"].(object); has {
			maps.Copy(bodies, own)
		}
		said["content"] = bodies
	}
	return told
}

// problems are the statuses of all problems with which it may be refused.
func (t route) problems() []int {
	statuses := append([]int{http.StatusBadRequest, http.StatusForbidden, http.StatusInternalServerError, http.StatusServiceUnavailable}, t.refuses...)
	if t.role != None {
		statuses = append(statuses, http.StatusUnauthorized, http.StatusTooManyRequests)
	}
	if len(t.offers()) > 0 {
		statuses = append(statuses, http.StatusNotAcceptable)
	}
	slices.Sort(statuses)
	return slices.Compact(statuses)
}
