package archtest

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
)

// walk follows the statements of one function, with the locks that it holds.
type walk struct {
	*reader
	where string
	own   *ast.FuncType
	freed holds   // at the end, by a defer
	ends  []holds // what is held where it returns
}

// holds are the locks that are held at a place.
type holds map[string]bool

func (w *walk) body(b *ast.BlockStmt) {
	w.freed, w.ends = holds{}, nil
	if h, reached := w.list(b.List, holds{}); reached {
		w.ends = append(w.ends, h)
	}
}

// left is a lock that is held behind the function; empty: none.
func (w *walk) left() string {
	for _, h := range w.ends {
		for lock := range h {
			if !w.freed[lock] {
				return lock
			}
		}
	}
	return ""
}

// list walks the statements and returns what is held behind them; false: none
// of what follows is reached.
func (w *walk) list(stmts []ast.Stmt, h holds) (holds, bool) {
	for _, s := range stmts {
		var reached bool
		if h, reached = w.stmt(s, h); !reached {
			return h, false
		}
	}
	return h, true
}

func (w *walk) stmt(s ast.Stmt, h holds) (holds, bool) {
	switch s := s.(type) {
	case *ast.BlockStmt:
		return w.list(s.List, h)
	case *ast.LabeledStmt:
		return w.stmt(s.Stmt, h)
	case *ast.IfStmt:
		h = w.plain(s.Init, h)
		h = w.plain(s.Cond, h)
		then, on := w.list(s.Body.List, maps.Clone(h))
		if s.Else == nil {
			return join(h, true, then, on)
		}
		other, on2 := w.stmt(s.Else, maps.Clone(h))
		return join(other, on2, then, on)
	case *ast.ForStmt:
		h = w.plain(s.Init, h)
		h = w.plain(s.Cond, h)
		after, on := w.list(s.Body.List, maps.Clone(h))
		h = w.plain(s.Post, h)
		if s.Cond == nil { // only a break leads out of it
			return after, on && breaks(s.Body)
		}
		return join(h, true, after, on)
	case *ast.RangeStmt:
		w.note(&ast.RangeStmt{X: s.X, Body: &ast.BlockStmt{}}, h)
		after, on := w.list(s.Body.List, maps.Clone(h))
		return join(h, true, after, on)
	case *ast.SwitchStmt:
		h = w.plain(s.Init, h)
		h = w.plain(s.Tag, h)
		return w.clauses(s.Body.List, h)
	case *ast.TypeSwitchStmt:
		h = w.plain(s.Init, h)
		h = w.plain(s.Assign, h)
		return w.clauses(s.Body.List, h)
	case *ast.SelectStmt:
		w.note(s, h)
		return w.clauses(s.Body.List, h)
	case *ast.ReturnStmt:
		h = w.plain(s, h)
		w.ends = append(w.ends, h)
		return h, false
	case *ast.BranchStmt:
		return h, false
	case *ast.DeferStmt: // runs at the end, with what is held until then
		if lock, verb := w.lockCall(s.Call); verb == "Unlock" {
			w.freed[lock] = true
			return h, true
		}
		w.note(s, h)
		return h, true
	}
	return w.plain(s, h), true
}

// breaks reports whether a break may end the loop; one of a switch in it is
// taken for one, too.
func breaks(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		b, ok := n.(*ast.BranchStmt)
		found = found || ok && b.Tok != token.CONTINUE
		return true
	})
	return found
}

// clauses walks the cases of a switch or a select.
func (w *walk) clauses(cases []ast.Stmt, h holds) (holds, bool) {
	reached := slices.ContainsFunc(cases, func(c ast.Stmt) bool { // else that no case fits may be
		cc, ok := c.(*ast.CaseClause)
		return ok && cc.List == nil
	})
	reached = !reached && (len(cases) == 0 || isCase(cases[0]))
	out := maps.Clone(h)
	for _, c := range cases {
		var body []ast.Stmt
		switch c := c.(type) {
		case *ast.CaseClause:
			for _, x := range c.List {
				h = w.plain(x, h)
			}
			body = c.Body
		case *ast.CommClause:
			body = c.Body
		}
		after, on := w.list(body, maps.Clone(h))
		out, reached = join(out, reached, after, on)
	}
	return out, reached
}

func isCase(s ast.Stmt) bool {
	_, is := s.(*ast.CaseClause)
	return is
}

// join is what is held where two ways meet.
func join(a holds, aReached bool, b holds, bReached bool) (holds, bool) {
	switch {
	case !bReached:
		return a, aReached
	case !aReached:
		return b, true
	}
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both, true
}

// plain notes what happens in a statement or an expression without statements
// of its own, and takes and lets go of its locks.
func (w *walk) plain(n ast.Node, h holds) holds {
	if n == nil || n == ast.Node(ast.Stmt(nil)) || n == ast.Node(ast.Expr(nil)) {
		return h
	}
	w.note(n, h)
	ast.Inspect(n, func(n ast.Node) bool {
		if _, lit := n.(*ast.FuncLit); lit {
			return false
		}
		switch lock, verb := w.lockCall(n); verb {
		case "Lock":
			h = maps.Clone(h)
			h[lock] = true
		case "Unlock":
			h = maps.Clone(h)
			delete(h, lock)
		case "":
			if id, ok := n.(*ast.Ident); ok {
				if f, ok := w.pkg.Info.Uses[id].(*types.Func); ok && w.taken[f] != "" {
					h = maps.Clone(h)
					h[w.taken[f]] = true
				}
			}
		case "Do":
			for _, arg := range n.(*ast.CallExpr).Args {
				w.happens(lock, w.where, w.read(arg, w.own))
			}
		}
		return true
	})
	return h
}

// note notes what n does under each lock that is held.
func (w *walk) note(n ast.Node, h holds) {
	if len(h) == 0 {
		return
	}
	p := w.read(n, w.own)
	ast.Inspect(n, func(n ast.Node) bool {
		if _, isLit := n.(*ast.FuncLit); isLit {
			return false // called later, or read as a function of its own
		}
		if lock, verb := w.lockCall(n); verb == "Lock" || verb == "Do" {
			p.effects = append(p.effects, "takes "+lock)
		}
		return true
	})
	for _, lock := range slices.Sorted(maps.Keys(h)) {
		w.happens(lock, w.where, p)
	}
}
