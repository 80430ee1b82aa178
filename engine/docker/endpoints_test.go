package docker

import (
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"reconciler/engine"
)

// policyFile names what the program calls, with why, and what a proxy before
// the engine's socket may allow it.
const policyFile = "../../SECURITY.md"

// Names of the container that is called about, as the fake knows it.
const id, name = "4f5e", "shop-web-1"

// back is a network of it.
var back = engine.Network{Name: "shop_back", Settings: "{}"}

// all calls every method of the port, by its name.
func all(t *testing.T, e *Engine) map[string]func() error {
	ctx, deaf := t.Context(), func([]byte) error { return nil }
	return map[string]func() error{
		"Info":      func() error { _, err := e.Info(ctx); return err },
		"List":      func() error { _, err := e.List(ctx, "shop"); return err },
		"Inspect":   func() error { _, err := e.Inspect(ctx, name); return err },
		"Start":     func() error { return e.Start(ctx, id) },
		"Stop":      func() error { return e.Stop(ctx, id, 0) },
		"Restart":   func() error { return e.Restart(ctx, id, -1) },
		"Unpause":   func() error { return e.Unpause(ctx, id) },
		"Reconnect": func() error { return e.Reconnect(ctx, id, []engine.Network{back}) },
		"Holder":    func() error { _, err := e.Holder(ctx, engine.Port{Host: 80}); return err },
		"Events":    func() error { return e.Events(ctx, func() {}, func(engine.Event) {}) },
		"Logs":      func() error { return e.Logs(ctx, id, engine.LogOptions{Tail: 1, Follow: true}, deaf) },
		"Address":   nil, // of ours, not of the port: no call
		"Close":     nil,
	}
}

// answers are what each kind of call needs to go on.
func answers(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/v1.41/containers/json":
		says(200, `[]`)(w, r)
	case strings.HasSuffix(r.URL.Path, "/json"):
		says(200, inspected)(w, r)
	case strings.HasSuffix(r.URL.Path, "/version"):
		says(200, `{}`)(w, r)
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusNoContent)
	}
}

var versioned = regexp.MustCompile(`^/v([0-9.]+)/`)

// endpoints calls everything, and returns what the engine was asked for, each
// once, in order.
func endpoints(t *testing.T) []string {
	t.Helper()
	var asked []string
	for _, noHead := range []bool{false, true} {
		f, e := speak(t, answers)
		f.noHead = noHead
		for method, call := range all(t, e) {
			if call == nil {
				continue
			}
			// An engine that closes its stream of events is unavailable.
			if err := call(); err != nil && method != "Events" {
				t.Errorf("%s: %v", method, err)
			}
		}
		for _, c := range f.called() {
			method, path, _ := strings.Cut(c, " ")
			path = versioned.ReplaceAllString(path, "/")
			for _, ref := range []string{id, name} {
				path = strings.ReplaceAll(path, "/containers/"+ref+"/", "/containers/{id}/")
			}
			path = strings.ReplaceAll(path, "/networks/"+back.Name+"/", "/networks/{id}/")
			asked = append(asked, method+" "+path)
		}
	}
	slices.Sort(asked)
	return slices.Compact(asked)
}

func TestEveryCallIsMadeToFindTheEndpoints(t *testing.T) {
	_, e := speak(t, answers)
	known := all(t, e)
	for _, typ := range []reflect.Type{reflect.TypeFor[engine.Engine](), reflect.TypeFor[*Engine]()} {
		for i := range typ.NumMethod() {
			if m := typ.Method(i).Name; !has(known, m) {
				t.Errorf("%s has the method %s, which isn't called here: the list of endpoints isn't whole", typ, m)
			}
		}
	}
}

func has(calls map[string]func() error, name string) bool {
	_, ok := calls[name]
	return ok
}

// listed is what SECURITY.md lists, in the order of the alphabet.
func listed(t *testing.T) []string {
	t.Helper()
	_, rest, began := strings.Cut(policy(t), "<!-- Endpoints:")
	table, _, ended := strings.Cut(rest, "<!-- End of the endpoints -->")
	if !began || !ended {
		t.Fatalf("%s has no list of endpoints between its two comments", policyFile)
	}
	var rows []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z]+ /[^`]*)` \\| .*\\w.* \\|$").FindAllStringSubmatch(table, -1) {
		rows = append(rows, row[1])
	}
	if lines := strings.Count(table, "\n|") - 2; lines != len(rows) {
		t.Errorf("of %d rows only %d are an endpoint and why", lines, len(rows))
	}
	slices.Sort(rows)
	return rows
}

func policy(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(policyFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSecurityListsExactlyTheEndpointsThatAreCalled(t *testing.T) {
	if diff := cmp.Diff(endpoints(t), listed(t)); diff != "" {
		t.Errorf("%s (- called, + listed), with a reason in each row:\n%s", policyFile, diff)
	}
}

// allowed returns the proxy's patterns in SECURITY.md, by method. They are held
// to a proxy that merely puts ^ and $ around them.
func allowed(t *testing.T) map[string]*regexp.Regexp {
	t.Helper()
	patterns := map[string]*regexp.Regexp{}
	for _, m := range regexp.MustCompile(`(?m)^ +- '-allow([A-Z]+)=(.*)'$`).FindAllStringSubmatch(policy(t), -1) {
		if patterns[m[1]] != nil {
			t.Errorf("%s is allowed twice: older proxies take the last", m[1])
		}
		patterns[m[1]] = regexp.MustCompile("^" + m[2] + "$")
	}
	return patterns
}

func TestTheProxysPolicyAllowsTheEndpointsAndNothingElse(t *testing.T) {
	patterns := allowed(t)
	passes := func(method, path string) bool { return patterns[method] != nil && patterns[method].MatchString(path) }
	for _, e := range endpoints(t) {
		method, path, _ := strings.Cut(e, " ")
		for _, version := range []string{"/v1.41", "/v1.56"} {
			for _, ref := range []string{strings.Repeat("4f5e", 16), "shop-web-1", "a_b.c-1"} {
				path := version + strings.Replace(path, "{id}", ref, 1)
				if strings.HasSuffix(path, "/_ping") {
					path = "/_ping"
				}
				if !passes(method, path) {
					t.Errorf("%s %s is called and not allowed", method, path)
				}
			}
		}
	}
	for method := range patterns {
		if !slices.Contains([]string{"HEAD", "GET", "POST"}, method) {
			t.Errorf("%s is allowed, and nothing calls it", method)
		}
		for _, path := range forbidden {
			if passes(method, path) {
				t.Errorf("%s %s is allowed", method, path)
			}
		}
	}
}

// forbidden are paths that no method may ask for: they make a container, reach
// into one or into the engine, or are written so as to pass.
var forbidden = []string{
	"/v1.41/containers/create", "/v1.41/containers/prune", "/v1.41/containers/4f5e", "/v1.41/containers/4f5e/exec",
	"/v1.41/containers/4f5e/archive", "/v1.41/containers/4f5e/export", "/v1.41/containers/4f5e/attach",
	"/v1.41/containers/4f5e/attach/ws", "/v1.41/containers/4f5e/update", "/v1.41/containers/4f5e/rename",
	"/v1.41/containers/4f5e/kill", "/v1.41/containers/4f5e/pause", "/v1.41/containers/4f5e/wait",
	"/v1.41/containers/4f5e/top", "/v1.41/containers/4f5e/stats", "/v1.41/containers/4f5e/changes",
	"/v1.41/exec/4f5e/start", "/v1.41/exec/4f5e/json", "/v1.41/build", "/v1.41/session", "/v1.41/grpc", "/v1.41/commit",
	"/v1.41/images/json", "/v1.41/images/create", "/v1.41/images/load", "/v1.41/plugins", "/v1.41/plugins/pull",
	"/v1.41/volumes", "/v1.41/volumes/create", "/v1.41/networks", "/v1.41/networks/create", "/v1.41/networks/prune",
	"/v1.41/networks/4f5e", "/v1.41/networks/4f5e/disconnect", "/v1.41/networks/4f5e/../create", "/v1.41/networks//connect", "/v1.41/secrets",
	"/v1.41/swarm/init", "/v1.41/system/df", "/v1.41/info", "/v1.41/auth", "/v1.41/distribution/x/json",
	"/v1.41/containers/../exec/4f5e/json", "/v1.41/containers/../exec/4f5e/start", "/v1.41/containers/4f5e/../create", "/v1.41/containers//json",
	"/v1.41/containers/4f5e/exec/json", "/v1.41/containers/4f5e/start/", "/v1.41/containers/4f5e/json\n",
	"/containers/4f5e/exec", "/containers/create", "/_ping/../v1.41/exec/4f5e/start", "/_pingx", "/", "",
	"x/v1.41/containers/4f5e/start", "/v1x41/version",
}
