package api

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is generated anew")

// table returns the routes of a door.
func table(t *testing.T) []route {
	return (&server{opt: newWorld(t).options}).routes()
}

// concrete is a path that the route's pattern matches.
func concrete(path string) string {
	return strings.TrimSuffix(strings.NewReplacer("{service}", "web", "{group}", "front", "{n}", "7").Replace(path), "{$}")
}

// fits reports whether the pattern matches the path.
func fits(pattern, path string) bool {
	want, got := strings.Split(strings.TrimSuffix(pattern, "{$}"), "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, got, func(w, g string) bool { return w == g || strings.HasPrefix(w, "{") })
}

// takes are the methods that the path takes by the table.
func takes(table []route, path string) []string {
	var mine []string
	for _, r := range table {
		if !fits(r.path, path) {
			continue
		}
		if mine = append(mine, r.method); r.method == http.MethodGet {
			mine = append(mine, http.MethodHead)
		}
	}
	slices.Sort(mine)
	return mine
}

// nowhere reports whether the answer says that there is no such path.
func nowhere(answer *httptest.ResponseRecorder) bool {
	return answer.Code == http.StatusNotFound && strings.Contains(answer.Body.String(), `"type": "not_found"`)
}

func TestEveryRouteTakesItsMethodsAndNoOther(t *testing.T) {
	routes := table(t)
	for _, r := range routes {
		path := concrete(r.path)
		mine := takes(routes, path)
		for _, method := range append([]string{"BREW", "TRACE", "get"}, methods...) {
			w := newWorld(t)
			answer := w.ask(method, path, "")
			if slices.Contains(mine, method) {
				if answer.Code == http.StatusMethodNotAllowed || nowhere(answer) {
					t.Errorf("%s %s: %d", method, path, answer.Code)
				}
				continue
			}
			if answer.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d, not 405", method, path, answer.Code)
				continue
			}
			problemOf(t, answer)
			allow := strings.Split(answer.Header().Get("Allow"), ", ")
			slices.Sort(allow)
			if !slices.Equal(allow, mine) {
				t.Errorf("%s %s: Allow says %v, and it takes %v", method, path, allow, mine)
			}
			if len(w.loop.asked) > 0 || w.state.snap.Generation != 7 {
				t.Errorf("%s %s was refused, and did something", method, path)
			}
		}
	}
}

func TestAReadChangesNothing(t *testing.T) {
	for _, r := range table(t) {
		if r.method != http.MethodGet {
			continue
		}
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := newWorld(t)
			answer := w.ask(method, concrete(r.path), "")
			if answer.Code != http.StatusOK || len(w.loop.asked) > 0 || w.state.snap.Generation != 7 {
				t.Errorf("%s %s: %d, asked %v, generation %d", method, r.path, answer.Code, w.loop.asked, w.state.snap.Generation)
			}
		}
	}
}

func TestWhatIsNotInTheTableIsNotFound(t *testing.T) {
	for _, path := range []string{
		"/v1", "/v1/", "/v1/state/", "/v1/services/", "/v1/services/web/", "/v1/services//state", "//v1/state",
		"/v1/../v1/state", "/v1/%2e%2e/state", "/index.html", "/debug/pprof/", "/metrics/x", "/v1/services/web/log", "/v1/services/a%2Fb", "/V1/state", "/..",
	} {
		w := newWorld(t)
		answer := w.ask(http.MethodGet, path, "")
		if answer.Code != http.StatusNotFound {
			t.Errorf("GET %s: %d, not 404", path, answer.Code)
			continue
		}
		problemOf(t, answer)
	}
}

// TestStrangersAddNoSeries: what a stranger sends never becomes a label.
func TestStrangersAddNoSeries(t *testing.T) {
	known := map[string]bool{"other": true}
	for _, r := range table(t) {
		known[strings.TrimSuffix(r.path, "{$}")] = true
	}
	w := newWorld(t)
	chance := rand.New(rand.NewPCG(1, 2))
	for range 5_000 {
		method := fmt.Sprintf("M%d", chance.IntN(1000))
		if chance.IntN(2) == 0 {
			method = http.MethodGet
		}
		w.ask(method, fmt.Sprintf("/v1/services/s%d/x%d", chance.IntN(1000), chance.IntN(1000)), "")
		w.ask(method, fmt.Sprintf("/v1/services/s%d", chance.IntN(1000)), "")
	}
	for label := range w.labels {
		route, rest, _ := strings.Cut(label, " ")
		method, _, _ := strings.Cut(rest, " ")
		if !known[route] || method != "other" && !slices.Contains(methods, method) {
			t.Errorf("a series is labelled %q", label)
		}
	}
	if len(w.labels) != 4 {
		t.Errorf("10,000 requests made %d series: %v", len(w.labels), w.labels)
	}
}

func TestEachRouteIsCountedUnderItsOwnName(t *testing.T) {
	for _, r := range table(t) {
		w := newWorld(t)
		w.ask(r.method, concrete(r.path), "")
		label := strings.TrimSuffix(r.path, "{$}") + " " + r.method
		for got := range w.labels {
			if !strings.HasPrefix(got, label+" ") {
				t.Errorf("%s %s is counted as %q", r.method, r.path, got)
			}
		}
		if len(w.labels) != 1 {
			t.Errorf("%s %s is counted %d times", r.method, r.path, len(w.labels))
		}
	}
}

const (
	docs  = "../docs/http.md"
	begin = "<!-- Generated: go test ./api -run TestTheDocsAreTheTable -update -->\n"
	end   = "<!-- End of what is generated -->\n"
)

// TestTheDocsAreTheTable keeps the table of docs/http.md what is answered.
func TestTheDocsAreTheTable(t *testing.T) {
	page, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s lacks the marks of what is generated", docs)
	}
	var b strings.Builder
	b.WriteString("\n| Call | Role | Does |\n|---|---|---|\n")
	for _, r := range table(t) {
		fmt.Fprintf(&b, "| `%s %s` | %s | %s |\n", r.method, strings.TrimSuffix(r.path, "{$}"), r.role, r.what)
	}
	b.WriteString("\n")
	want := before + begin + b.String() + end + after
	switch {
	case string(page) == want:
	case !*update:
		t.Fatalf("%s is not what is answered; run the command that it names. It should say:\n%s", docs, b.String())
	default:
		if err := os.WriteFile(docs, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
