package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// example is a request that an operation takes, and the statuses that it may be
// answered with here.
type example struct {
	query, kind, body string
	want              []int
}

// examples are one or more requests for each operation, by its method and path.
var examples = map[string][]example{
	"GET /":                                 {{want: []int{200}}},
	"GET /style.css":                        {{want: []int{200}}},
	"GET /login":                            {{want: []int{200}}},
	"POST /login":                           {{kind: "application/x-www-form-urlencoded", body: "token=any", want: []int{303}}},
	"POST /logout":                          {{want: []int{303}}},
	"GET /healthz":                          {{want: []int{200}}},
	"GET /readyz":                           {{want: []int{200}}},
	"GET /metrics":                          {{want: []int{200}}},
	"GET /v1/openapi.json":                  {{want: []int{200}}},
	"GET /v1/schema":                        {{want: []int{200}}},
	"GET /v1/state":                         {{want: []int{200}}},
	"PUT /v1/state":                         {{query: "?dry_run=true", kind: "application/yaml", body: described, want: []int{200}}, {query: "?wait=30s", kind: "application/yaml", body: described, want: []int{200}}},
	"GET /v1/services":                      {{want: []int{200}}, {query: "?group=front&status=running", want: []int{200}}},
	"GET /v1/services/{service}":            {{want: []int{200}}},
	"PUT /v1/services/{service}/state":      {{query: "?wait=30s", kind: "text/plain", body: "stopped", want: []int{200}}, {query: "?dry_run=true", kind: "application/json", body: `{"state":"running"}`, want: []int{200}}},
	"POST /v1/services/{service}/start":     {{query: "?wait=30s", kind: "application/json", body: `{"reason":"r"}`, want: []int{200}}},
	"POST /v1/services/{service}/stop":      {{query: "?wait=30s", want: []int{200}}},
	"POST /v1/services/{service}/restart":   {{query: "?wait=30s", want: []int{200, 409}}},
	"PUT /v1/services/state":                {{query: "?wait=30s", kind: "application/json", body: `{"web":"running","db":"stopped"}`, want: []int{200}}},
	"PUT /v1/groups/{group}/state":          {{query: "?wait=30s", kind: "text/plain", body: "running", want: []int{200}}},
	"PUT /v1/services/{service}/suspend":    {{query: "?wait=30s", kind: "application/json", body: `{"for":"1h","reason":"r"}`, want: []int{200}}},
	"DELETE /v1/services/{service}/suspend": {{query: "?wait=30s", want: []int{200}}},
	"GET /v1/services/{service}/logs":       {{query: "?tail=5", want: []int{200}}},
	"POST /v1/reconcile":                    {{want: []int{202}}},
	"GET /v1/plan":                          {{want: []int{200}}},
	"GET /v1/events":                        {{query: "?service=web", want: []int{200}}},
	"GET /v1/revisions":                     {{want: []int{200}}},
	"GET /v1/revisions/{n}":                 {{want: []int{200}}},
	"POST /v1/revisions/{n}/restore":        {{query: "?wait=30s", kind: "application/json", body: `{"reason":"r"}`, want: []int{200}}},
}

const described = "version: 1\nproject: p\ngroups: {front: [web]}\nservices:\n  web: running\n  db: running # beside it\n"

// TestTheBinaryServesItsDescription calls each operation of the OpenAPI document
// that the program serves, and holds each answer to it: status, media type and
// body.
func TestTheBinaryServesItsDescription(t *testing.T) {
	file := write(t, described)
	d := run(t, "", file, "--engine", "sim")
	d.ready()
	_, text := d.get("/v1/openapi.json")
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	operations := make(map[string]bool)
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} { // what is held is let go again
			op := doc.Paths.Value(path).GetOperation(method)
			if op == nil {
				continue
			}
			name := method + " " + path
			operations[name] = true
			if len(examples[name]) == 0 {
				t.Errorf("%s is described, and no example calls it", name)
			}
			for _, e := range examples[name] {
				calls++
				e.call(t, d, method, path, op)
			}
		}
	}
	for name := range examples {
		if !operations[name] {
			t.Errorf("%s is not described", name)
		}
	}
	t.Logf("%d calls of %d operations", calls, len(operations))
}

var values = strings.NewReplacer("{service}", "web", "{group}", "front", "{n}", "1")

// call makes the request and checks the answer.
func (e example) call(t *testing.T, d *daemon, method, path string, op *openapi3.Operation) {
	t.Helper()
	req, err := http.NewRequest(method, d.url+values.Replace(path)+e.query, strings.NewReader(e.body))
	if err != nil {
		t.Fatal(err)
	}
	if e.kind != "" {
		req.Header.Set("Content-Type", e.kind)
	}
	if path == "/v1/events" { // the stream has no end
		req.Header.Set("Accept", "application/json")
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	what := fmt.Sprintf("%s %s%s: %d", method, path, e.query, res.StatusCode)
	if err != nil || !slices.Contains(e.want, res.StatusCode) {
		t.Fatalf("%s, %v: %s", what, err, body)
	}
	said := op.Responses.Status(res.StatusCode)
	if said == nil {
		t.Fatalf("%s is not described", what)
	}
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	if kind == "" && len(body) == 0 || len(said.Value.Content) == 0 {
		return
	}
	media := said.Value.Content[kind]
	if media == nil {
		t.Fatalf("%s as %q is not described", what, kind)
	}
	if !strings.Contains(kind, "json") || media.Schema == nil {
		return
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if err := media.Schema.Value.VisitJSON(value, openapi3.MultiErrors()); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
