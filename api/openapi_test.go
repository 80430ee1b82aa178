package api

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const description = "../docs/openapi.json"

// TestTheDescriptionIsWhatIsServed keeps docs/openapi.json, byte for byte.
func TestTheDescriptionIsWhatIsServed(t *testing.T) {
	served := newWorld(t).ask("GET", "/v1/openapi.json", "")
	if kind := served.Header().Get("Content-Type"); served.Code != http.StatusOK || kind != "application/json" {
		t.Fatalf("%d %s", served.Code, kind)
	}
	if again := newWorld(t).ask("GET", "/v1/openapi.json", ""); !bytes.Equal(again.Body.Bytes(), served.Body.Bytes()) {
		t.Error("it is told differently each time")
	}
	if *update {
		if err := os.WriteFile(description, served.Body.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(description)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, served.Body.Bytes()) {
		t.Errorf("%s is not what is served; run: go test ./api -run TestTheDescriptionIsWhatIsServed -update", description)
	}
}

// described returns the description as a client reads it, and the routes that
// it is of.
var described = sync.OnceValues(func() (*openapi3.T, []route) {
	routes := (&server{opt: Options{Metrics: http.NotFoundHandler()}}).routes()
	src, err := json.Marshal(describe(routes))
	if err != nil {
		panic(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(src)
	if err != nil {
		panic(err)
	}
	return doc, routes
})

func TestTheDescriptionIsValid(t *testing.T) {
	doc, _ := described()
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAllThatIsServedIsDescribed, and all that is described is served: each
// operation once, by the role that it names.
func TestAllThatIsServedIsDescribed(t *testing.T) {
	doc, routes := described()
	ids := make(map[string]bool)
	for _, r := range routes {
		op := doc.Paths.Value(strings.TrimSuffix(r.path, "{$}")).GetOperation(r.method)
		if op == nil || op.OperationID == "" || ids[op.OperationID] || op.Extensions["x-role"] != string(r.role) {
			t.Errorf("%s %s is described as %+v", r.method, r.path, op)
			continue
		}
		ids[op.OperationID] = true
		if open := len(*op.Security) == 0; open != (r.role == None) {
			t.Errorf("%s %s is for %s, and its security is %v", r.method, r.path, r.role, *op.Security)
		}
	}
	served := 0
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			served++
			w := newWorld(t)
			answer := w.ask(method, concrete(path), "")
			if answer.Code == http.StatusMethodNotAllowed || nowhere(answer) {
				t.Errorf("%s %s is described and not served: %d", method, path, answer.Code)
			}
		}
	}
	if served != len(routes) || served < 25 {
		t.Errorf("%d operations are described of %d", served, len(routes))
	}
}

// checked fails the test unless the answer is one that the description has:
// the status, the media type, and the body to its last property. What is no
// operation is answered with a problem. Whether a request that was taken is
// described is looked at, too.
func checked(t *testing.T, r *http.Request, body string, answer *httptest.ResponseRecorder) {
	t.Helper()
	doc, routes := described()
	refusal := doc.Components.Responses["Refusal"].Value
	said := refusal
	i := slices.IndexFunc(routes, func(one route) bool {
		return fits(one.path, r.URL.Path) && (one.method == r.Method || one.method == http.MethodGet && r.Method == http.MethodHead)
	})
	if i >= 0 && !nowhere(answer) {
		op := doc.Paths.Value(strings.TrimSuffix(routes[i].path, "{$}")).GetOperation(routes[i].method)
		if answer.Code/100 == 2 {
			checkRequest(t, op, r, body)
		}
		found := op.Responses.Status(answer.Code)
		if found == nil {
			t.Errorf("%s %s: the status %d is not described: %s", r.Method, r.URL, answer.Code, answer.Body)
			return
		}
		said = found.Value
	}
	kind, _, _ := strings.Cut(answer.Header().Get("Content-Type"), ";")
	if len(said.Content) == 0 || kind == "" && answer.Body.Len() == 0 {
		return
	}
	media := said.Content[kind]
	switch {
	case media == nil:
		t.Errorf("%s %s: %d as %q is not described", r.Method, r.URL, answer.Code, kind)
	case strings.Contains(kind, "json") && r.Method != http.MethodHead:
		checkJSON(t, media.Schema.Value, answer.Body.Bytes(), r.Method+" "+r.URL.String())
	}
}

// checkJSON fails the test unless the JSON value is of the schema.
func checkJSON(t *testing.T, of *openapi3.Schema, src []byte, what string) {
	t.Helper()
	var value any
	if err := json.Unmarshal(src, &value); err != nil {
		t.Errorf("%s: no JSON: %v: %s", what, err, src)
		return
	}
	if err := of.VisitJSON(value, openapi3.MultiErrors(), openapi3.EnableFormatValidation()); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// checkRequest fails the test unless the request, which was taken, is one that
// the description has.
func checkRequest(t *testing.T, op *openapi3.Operation, r *http.Request, body string) {
	t.Helper()
	for name, values := range r.URL.Query() {
		if p := op.Parameters.GetByInAndName("query", name); op.OperationID[:3] != "get" && p == nil {
			t.Errorf("%s %s: the parameter %s is taken and not described (%v)", r.Method, r.URL, name, values)
		}
	}
	if body == "" || op.RequestBody == nil {
		return
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	media := op.RequestBody.Value.Content[kind]
	switch {
	case media == nil && kind != "":
		t.Errorf("%s %s: a body of %q is taken and not described", r.Method, r.URL, kind)
	case kind == typeJSON:
		checkJSON(t, media.Schema.Value, []byte(body), r.Method+" "+r.URL.String()+" is sent")
	}
}

// TestEachEventIsAsDescribed, on a stream too.
func TestEachEventIsAsDescribed(t *testing.T) {
	doc, _ := described()
	entry := doc.Components.Schemas["Entry"].Value
	checkJSON(t, entry, []byte(strings.TrimSpace(strings.Split(warned(1, "web", "x"), "data: ")[1])), "an event")
}

// TestTheTypesOfProblemsAreClosed: those that are described are those of the
// source, and docs/http.md tells each.
func TestTheTypesOfProblemsAreClosed(t *testing.T) {
	used := make(map[string]bool)
	for _, k := range kinds {
		used[k.kind] = true
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if f, ok := call.Fun.(*ast.Ident); !ok || f.Name != "newProblem" {
				return true
			}
			kind, ok := call.Args[1].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: a problem has a type that isn't written where it is made", path)
				return true
			}
			text, _ := strconv.Unquote(kind.Value)
			used[text] = true
			return true
		})
	}
	page, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	for kind := range used {
		if !slices.Contains(problemTypes, kind) {
			t.Errorf("%s is a type and not described", kind)
		}
		if !strings.Contains(string(page), "`"+kind+"`") {
			t.Errorf("%s doesn't tell %s", docs, kind)
		}
	}
	for _, kind := range problemTypes {
		if !used[kind] {
			t.Errorf("%s is described and nobody's type", kind)
		}
	}
}
