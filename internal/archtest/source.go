package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// impure is what the decision may not import: it does no I/O, waits for
// nobody, logs nothing and has no chance in it. The clock it may not read at
// all, though it may count with times.
var (
	impure      = []string{"context", "io", "log", "log/slog", "math/rand", "math/rand/v2", "net", "os", "os/exec", "sync", "sync/atomic", "syscall"}
	impureCalls = []string{"time.Now", "time.Since", "time.Until", "time.After", "time.AfterFunc", "time.Tick", "time.Sleep", "time.NewTimer", "time.NewTicker"}
)

// purity finds what the decision may not touch.
func purity(t Tree) []string {
	var found []string
	each(t, func(file File, imported, at string) {
		if pure(file) && slices.Contains(impure, imported) {
			found = append(found, fmt.Sprintf("%s: the decision may not import %s", at, imported))
		}
	})
	for _, file := range t.Go {
		if !pure(file) {
			continue
		}
		ast.Inspect(file.AST, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains(impureCalls, dotted(s)) {
				found = append(found, fmt.Sprintf("%s: the decision may not use %s", file.At(n.Pos()), dotted(s)))
			}
			return true
		})
	}
	return found
}

// pure are the two rooms that decide: whose, and what.
func pure(file File) bool {
	return (file.Dir() == "reconcile/own" || file.Dir() == "reconcile/plan") && !file.Test()
}

// starters are the only places where goroutines begin, besides tests: a
// folder, a file, or a function that blocks until all that it started has
// ended (adapters' Run, Serve and the like).
var starters = []string{
	"cmd/...",              // the requests of a command, and its end
	"client.listen",        // hangs up on a stream that is silent; stopped when it ends
	"app/run.go",           // puts the parts in motion; it waits for them
	"app/backlog.go",       // who writes the log, for as long as that takes
	"app/ending.go",        // the end that comes although something doesn't
	"app.send",             // what systemd may not read, one at a time
	"reconcile/loop.go",    // the workers and the calls
	"reconcile/queue.go",   // a timer that adds a key again; stopped with the queue
	"internal/siege.Lay",   // the clients; it waits for them
	"internal/siege.once",  // hangs up when the siege ends; stopped when it returns
	"observed.session",     // the reader that only drains
	"observed.follow",      // looks at what events named while it drains
	"observed.Refresh",     // a few inspects at once
	"api.Serve",            // the listeners, and their end
	"api.look",             // at what may lie on a disk that is dead; few at a time, and few that are left
	"desired/desk.Do",      // what may block for ever on a disk, one at most for each desk
	"desired/settled.Read", // a reading of the file, the same: a disk that is dead holds up nobody
	"engine/docker.Events", // the deadline of the answer; stopped when it came
	"engine/docker.Logs",   // the same, and that of a piece; stopped when it returns
	"engine/sim.Events",    // wakes the reader when its context ends
	"engine/sim.Logs",      // the same
	"engine/enginetest/...",
	"engine/docker/dockertest/...",
	"examples/...",
	"bench/...",
	"hack/...",
	"internal/e2e/...",
}

// goroutines finds where goroutines begin that shouldn't: a go statement, a
// call of a method Go, time.AfterFunc or context.AfterFunc.
func goroutines(t Tree) []string {
	var found []string
	for _, file := range t.Go {
		if file.Test() {
			continue
		}
		for _, decl := range file.AST.Decls {
			name := file.Dir()
			if f, ok := decl.(*ast.FuncDecl); ok {
				name = file.Dir() + "." + f.Name.Name
			}
			if mayStart(file, name) {
				continue
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				if begins(n) {
					found = append(found, fmt.Sprintf("%s: no goroutine may begin in %s", file.At(n.Pos()), name))
				}
				return true
			})
		}
	}
	return found
}

func mayStart(file File, function string) bool {
	return slices.ContainsFunc(starters, func(s string) bool {
		return within(file.Path, s) || s == function
	})
}

func begins(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		return true
	case *ast.CallExpr:
		s, ok := n.Fun.(*ast.SelectorExpr)
		return ok && (s.Sel.Name == "Go" || s.Sel.Name == "AfterFunc")
	}
	return false
}

// dotted is the selector as it is written, a.b; "" if it is longer.
func dotted(s *ast.SelectorExpr) string {
	x, ok := s.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return x.Name + "." + s.Sel.Name
}

// packageDoc finds packages without exactly one doc, in the file that is named
// after them (a command: main.go).
func packageDoc(t Tree) []string {
	docs, packages := make(map[string][]string), []string(nil)
	want := make(map[string]string)
	for _, file := range t.Go {
		if file.Test() {
			continue
		}
		dir := file.Dir()
		if want[dir] == "" {
			packages = append(packages, dir)
			want[dir] = file.AST.Name.Name + ".go"
		}
		if file.AST.Doc != nil {
			docs[dir] = append(docs[dir], path.Base(file.Path))
		}
	}
	var found []string
	for _, dir := range packages {
		if !slices.Equal(docs[dir], []string{want[dir]}) {
			found = append(found, fmt.Sprintf("%s: wants its package doc in %s, has it in [%s]", dir, want[dir], strings.Join(docs[dir], " ")))
		}
	}
	return found
}

// How long a Go file may be, in lines. A table of tests may be longer.
const maxLines, maxTestLines = 300, 400

// fileLength finds files that hold more than one idea, by their length.
func fileLength(t Tree) []string {
	var found []string
	for _, file := range t.Go {
		most := maxLines
		if file.Test() {
			most = maxTestLines
		}
		if n := strings.Count(t.Text[file.Path], "\n"); n > most {
			found = append(found, fmt.Sprintf("%s: has %d lines, more than %d", file.Path, n, most))
		}
	}
	return found
}

// sleep finds tests that wait for time to pass instead of for something. In a
// synctest bubble time passes only when everybody waits, so there it may.
func sleep(t Tree) []string {
	var found []string
	for _, file := range t.Go {
		if !file.Test() {
			continue
		}
		bubble := strings.Contains(t.Text[file.Path], `"testing/synctest"`)
		ast.Inspect(file.AST, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && dotted(s) == "time.Sleep" && !bubble {
				found = append(found, file.At(n.Pos())+": a test may not sleep")
			}
			return true
		})
	}
	return found
}

// noInit finds what runs before main.
func noInit(t Tree) []string {
	var found []string
	for _, file := range t.Go {
		for _, decl := range file.AST.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				found = append(found, file.At(f.Pos())+": no init")
			}
		}
	}
	return found
}
