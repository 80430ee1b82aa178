package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
)

// commanders are the only places, besides tests, that name a command of the
// engine's own tools, and which: only that one, or any. All others take it from
// engine.Hands, which the engine brings.
var commanders = []struct{ in, only string }{
	{in: "engine/docker/..."},
	// A file is read before it is known which engine there is. Its projects are
	// those of Compose, whatever that runs them on.
	{in: "desired", only: "docker compose ls"},
	{in: "bench/..."},
	{in: "examples/..."},
	{in: "internal/..."},
}

var command = regexp.MustCompile(`docker (compose( \w+)?|container|create|exec|inspect|kill|logs|network|pause|ps|pull|rename|restart|rm|run|start|stop|unpause|update|volume)\b`)

// commands finds messages that name such a command by themselves.
func commands(t Tree) []string {
	var found []string
	for _, file := range t.Go {
		if file.Test() {
			continue
		}
		ast.Inspect(file.AST, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			for _, named := range command.FindAllString(lit.Value, -1) {
				if !mayName(file.Dir(), named) {
					found = append(found, fmt.Sprintf("%s: a command of the engine's tools stands in engine.Hands: %s", file.At(n.Pos()), named))
				}
			}
			return true
		})
	}
	return found
}

// mayName reports whether the place may name that command.
func mayName(dir, named string) bool {
	for _, c := range commanders {
		if within(dir, c.in) && (c.only == "" || c.only == named) {
			return true
		}
	}
	return false
}
