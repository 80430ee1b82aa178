package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// labelReaders are the only places, besides tests, that know labels: the port,
// its engines, and what makes containers to measure with. All others ask the
// engine.Claim that an engine has filled.
var labelReaders = []string{"engine/...", "bench/...", "internal/archtest"}

// labels finds where else a label is named or read.
func labels(t Tree) []string {
	var found []string
	for _, file := range t.Go {
		reads := func(pattern string) bool { return within(file.Dir(), pattern) }
		if file.Test() || slices.ContainsFunc(labelReaders, reads) {
			continue
		}
		ast.Inspect(file.AST, func(n ast.Node) bool {
			what := ""
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if name := dotted(n); strings.HasPrefix(name, "engine.Label") || name == "engine.ReadClaim" {
					what = name
				}
			case *ast.BasicLit:
				if n.Kind == token.STRING && strings.Contains(n.Value, "com.docker.compose") {
					what = n.Value
				}
			}
			if what != "" {
				found = append(found, fmt.Sprintf("%s: a label is read by engines alone: %s", file.At(n.Pos()), what))
			}
			return true
		})
	}
	return found
}
