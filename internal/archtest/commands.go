package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
)

// commanders are the only places, besides tests, that name a command of the
// engine's own tools. All others take it from engine.Hand.
var commanders = []string{
	"engine/...",
	"desired", // below engine; it says where a project's name is found
	"bench/...", "examples/...", "internal/...",
}

var command = regexp.MustCompile(`docker (compose|container|create|exec|inspect|kill|logs|network|pause|ps|pull|rename|restart|rm|run|start|stop|unpause|update|volume)\b`)

// commands finds messages that name such a command by themselves.
func commands(t Tree) []string {
	var found []string
	for _, file := range t.Go {
		may := func(pattern string) bool { return within(file.Dir(), pattern) }
		if file.Test() || slices.ContainsFunc(commanders, may) {
			continue
		}
		ast.Inspect(file.AST, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && command.MatchString(lit.Value) {
				found = append(found, fmt.Sprintf("%s: a command of the engine's tools stands in engine.Hand: %s", file.At(n.Pos()), command.FindString(lit.Value)))
			}
			return true
		})
	}
	return found
}
