package archtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// module is the path of this module, before the packages' own.
const module = "reconciler"

// line says which packages of this module a package may import; the first
// pattern that fits holds. A package without a rule fails: whoever adds one
// says here where it stands in the line
//
//	cmd → {app → {api, metrics}, client} → api/wire → reconcile → reconcile/driver → reconcile/plan → reconcile/own → engine → desired → desired/settled → desired/desk
//	app → reconcile/containers → {reconcile/driver, observed → engine}
var line = []struct {
	pkg string
	may []string
}{
	{"cmd/...", []string{"api", "api/wire", "app", "client", "config", "desired", "engine", "reconcile", "reconcile/containers", "reconcile/own", "reconcile/plan"}},
	{"app", []string{"api", "config", "desired", "engine", "engine/docker", "engine/sim", "metrics", "observed", "reconcile", "reconcile/containers"}},
	{"client", []string{"api/wire", "desired", "reconcile"}},
	{"api", []string{"api/wire", "desired", "engine", "internal/rendering", "reconcile", "reconcile/plan"}},
	{"api/wire", []string{"desired", "reconcile"}},
	{"metrics", []string{"desired", "engine", "internal/rendering", "reconcile", "reconcile/plan"}},
	{"reconcile", []string{"desired", "engine", "reconcile/driver", "reconcile/plan"}},
	{"reconcile/containers", []string{"desired", "engine", "observed", "reconcile/driver", "reconcile/own", "reconcile/plan"}},
	{"reconcile/driver", []string{"desired", "engine", "reconcile/own", "reconcile/plan"}},
	{"reconcile/plan", []string{"desired", "engine", "reconcile/own"}},
	{"reconcile/own", []string{"desired", "engine"}},
	{"observed", []string{"desired", "engine"}},
	{"engine/docker/dockertest", []string{"engine", "engine/docker"}},
	{"engine/docker/hands", []string{"engine"}},
	{"engine/docker", []string{"desired", "engine", "engine/docker/hands"}},
	{"engine/...", []string{"desired", "engine"}},
	{"desired", []string{"desired/desk", "desired/settled"}},
	{"desired/settled", []string{"desired/desk"}},
	{"desired/desk", nil},
	{"config", nil},
	{"internal/archtest", nil},
	{"internal/deaddisk", nil},
	{"internal/hostile", nil},
	{"internal/rendering", nil},
	{"internal/siege", nil},
	{"examples/...", nil},
	{"bench/...", []string{"bench/rig", "client", "desired", "engine/docker/dockertest", "internal/hostile", "internal/siege"}},
	{"hack/...", nil},
	{"internal/e2e/...", []string{"internal/siege"}}, // from outside: the binary and the engine only
}

// testsMay says what tests may import besides, wherever they are: the twin and
// what drives it, the contract, the containers and the documents to try things on.
var testsMay = []string{
	"engine", "engine/sim", "engine/enginetest", "engine/docker/dockertest", "engine/docker/hands", "internal/deaddisk", "internal/hostile",
	"observed", "reconcile/containers",
}

// thirdParties says where a module of others may be imported: in a package, in
// everything below one (/...), or in one file. A module that isn't here may be
var thirdParties = []struct {
	module string
	in     []string
}{
	// Deprecated in favour of github.com/moby/moby/client, so kept in one place.
	{"github.com/docker/docker", []string{"engine/docker/...", "bench/...", "internal/e2e/..."}},
	{"github.com/docker/go-connections", []string{"engine/docker/...", "internal/e2e/..."}},
	{"github.com/containerd/errdefs", []string{"engine/docker/..."}},
	{"gopkg.in/yaml.v3", []string{"desired", "cmd/...", "bench/..."}},
	{"github.com/fsnotify/fsnotify", []string{"desired/settled"}},
	{"golang.org/x/sys", []string{"desired", "desired/settled", "app/systemd.go", "api/socket_place.go"}},
	{"github.com/coreos/go-systemd/v22", []string{"app/systemd.go"}},
	// TLS, and the reading of its file as the toolkit reads it.
	{"github.com/prometheus/exporter-toolkit", []string{"api/tls.go", "api/webconfig.go"}},
	{"go.yaml.in/yaml/v2", []string{"api/webconfig.go"}},
	{"github.com/prometheus", []string{"metrics"}},
	{"go.uber.org/zap", []string{"app/log.go"}},
	{"github.com/KimMachineGun/automemlimit", []string{"app/memory_limit.go"}},
	{"github.com/spf13/cobra", []string{"cmd/..."}},
	{"github.com/spf13/pflag", []string{"cmd/...", "config"}},
	{"github.com/mattn/go-runewidth", []string{"cmd/..."}},
	{"golang.org/x/term", []string{"cmd/..."}},
	{"golang.org/x/sync", []string{"api", "internal/rendering", "observed", "app", "cmd/...", "bench/...", "internal/e2e/..."}},
}

// testParties are the modules that only tests import, anywhere, and the
// contract of the engines, which is a test in a package.
var testParties = []string{
	"github.com/getkin/kin-openapi", "github.com/google/go-cmp", "github.com/santhosh-tekuri/jsonschema", "go.uber.org/goleak",
	"pgregory.net/rapid",
}

// each calls f with each import of the tree.
func each(t Tree, f func(file File, imported, at string)) {
	for _, file := range t.Go {
		for _, spec := range file.AST.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // the parser has checked it
			}
			f(file, imported, file.At(spec.Pos()))
		}
	}
}

// imports finds what goes against the line.
func imports(t Tree) []string {
	var found []string
	ruled := make(map[string]bool)
	for _, file := range t.Go {
		dir := file.Dir()
		if _, known := allowed(dir); !known && !ruled[dir] {
			ruled[dir] = true
			found = append(found, fmt.Sprintf("%s: has no rule in the import line", dir))
		}
	}
	each(t, func(file File, imported, at string) {
		pkg, ours := strings.CutPrefix(imported, module+"/")
		may, known := allowed(file.Dir())
		if !ours || !known || pkg == file.Dir() || slices.Contains(may, pkg) {
			return
		}
		if file.Test() && slices.Contains(testsMay, pkg) {
			return
		}
		found = append(found, fmt.Sprintf("%s: %s may not import %s", at, file.Dir(), pkg))
	})
	return found
}

// unused finds what the tables above say of what isn't there.
func unused(t Tree) []string {
	patterns := slices.Clone(testsMay)
	for _, rule := range line {
		patterns = append(append(patterns, rule.pkg), rule.may...)
	}
	for _, rule := range thirdParties {
		patterns = append(patterns, rule.in...)
	}
	slices.Sort(patterns)
	var found []string
	for _, p := range slices.Compact(patterns) {
		if !slices.ContainsFunc(t.Go, func(file File) bool { return within(file.Dir(), p) || file.Path == p }) {
			found = append(found, fmt.Sprintf("%s: has a rule, and nothing is there", p))
		}
	}
	return found
}

// allowed returns what a package may import, and whether there is a rule.
func allowed(dir string) ([]string, bool) {
	for _, rule := range line {
		if within(dir, rule.pkg) {
			return rule.may, true
		}
	}
	return nil, false
}

// thirdParty finds modules of others where they don't belong.
func thirdParty(t Tree) []string {
	var found []string
	each(t, func(file File, imported, at string) {
		first, _, _ := strings.Cut(imported, "/")
		if !strings.Contains(first, ".") || welcome(file, imported) {
			return // of the standard library, of this module, or where it belongs
		}
		found = append(found, fmt.Sprintf("%s: %s may not be imported here", at, imported))
	})
	return found
}

func welcome(file File, imported string) bool {
	for _, m := range testParties {
		if within(imported, m+"/...") {
			return file.Test() || within(file.Path, "engine/enginetest/...")
		}
	}
	for _, rule := range thirdParties {
		if !within(imported, rule.module+"/...") {
			continue
		}
		return slices.ContainsFunc(rule.in, func(pattern string) bool {
			return within(file.Dir(), pattern) || file.Path == pattern
		})
	}
	return false
}
