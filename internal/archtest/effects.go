package archtest

import (
	"go/types"
	"slices"
	"strings"
)

// An effect is what a piece of code may do: "files", "network", "waits",
// "takes <lock>", "calls <a function that somebody else gave>", or, for what
// no list below knows, "<package>.<function>". What only computes is none.

// computing are the packages of others whose functions only compute, but for
// those named: these do what it says. A name that ends in a dot begins some.
var computing = map[string]map[string]string{
	"bytes": {}, "cmp": {}, "context": {}, "crypto/rand": {}, "crypto/sha256": {}, "crypto/subtle": {}, "encoding/base64": {},
	"encoding/hex": {}, "encoding/json": {}, "errors": {}, "fmt": {"Fprint.": "files", "Print.": "files", "Fscan.": "files", "Scan.": "files"},
	"hash": {}, "hash/fnv": {}, "iter": {}, "maps": {}, "math": {}, "math/rand/v2": {}, "net/netip": {}, "net/url": {}, "path": {}, "reflect": {}, "regexp": {},
	"path/filepath": {"Abs": "files", "EvalSymlinks": "files", "Glob": "files", "Walk.": "files"},
	"slices":        {}, "sort": {}, "strconv": {}, "strings": {}, "sync/atomic": {}, "unicode": {}, "unicode/utf8": {}, "builtin": {},
	"sync": {"WaitGroup.Wait": "waits"}, "time": {"Sleep": "waits"},
	"gopkg.in/yaml.v3": {}, "github.com/containerd/errdefs": {}, "github.com/docker/go-connections/nat": {}, "github.com/prometheus/client_golang/prometheus": {},
	"go.uber.org/zap": {}, // writes to the backlog of app, which waits for nobody
	"":                {}, // the methods of error
}

// doing says what the functions of other packages do, but for those named,
// which only compute.
var doing = map[string]struct {
	effect string
	but    []string
}{
	"os":                       {"files", []string{"SameFile", "Getpid", "Geteuid", "Getenv"}},
	"io":                       {"files", nil},
	"io/fs":                    {"files", []string{"FileMode.", "FileInfo."}},
	"bufio":                    {"files", nil},
	"syscall":                  {"files", nil},
	"golang.org/x/sys/unix":    {"files", nil},
	"net":                      {"network", []string{"Addr.", "Conn.LocalAddr", "Conn.RemoteAddr", "IP.", "Listener.Addr", "SplitHostPort", "JoinHostPort", "ParseIP"}},
	"net/http":                 {"network", []string{"Header.", "StatusText"}},
	"github.com/docker/docker": {"network", nil},
}

// outside is the effect of a function of another module; of a method, as that of
// the type on, if that isn't nil.
func outside(f *types.Func, on types.Type) string {
	pkg, name := "", f.Name()
	if f.Pkg() != nil {
		pkg = f.Pkg().Path()
	}
	if recv := f.Signature().Recv(); recv != nil && on == nil {
		on = recv.Type()
	}
	if on != nil {
		name = typeName(on) + "." + name
		if named, ok := types.Unalias(on).(*types.Named); ok && named.Obj().Pkg() != nil {
			pkg = named.Obj().Pkg().Path()
		}
	}
	if but, known := computing[pkg]; known {
		for n, effect := range but {
			if named(name, n) {
				return effect
			}
		}
		return ""
	}
	for p, d := range doing {
		if !within(pkg, p+"/...") {
			continue
		}
		if pkg == p && slices.ContainsFunc(d.but, func(n string) bool { return named(name, n) }) {
			return ""
		}
		if pkg == p || strings.Contains(p, ".") {
			return d.effect
		}
	}
	return pkg + "." + name // nobody has said what it does
}

func named(name, pattern string) bool {
	start, some := strings.CutSuffix(pattern, ".")
	return name == pattern || some && strings.HasPrefix(name, start)
}

func typeName(t types.Type) string {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return n.Obj().Name()
	}
	return ""
}
