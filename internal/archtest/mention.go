package archtest

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// piece is code, by what it mentions: to mention a function counts as to call
// it.
type piece struct {
	effects []string      // directly
	calls   []*types.Func // of this module
	fields  []*types.Var  // what they hold is called
}

// reader reads pieces of one package.
type reader struct {
	*analysis
	pkg Package
	// lits are the function literals that the local variables hold.
	lits map[types.Object][]*ast.FuncLit
}

// read returns what n does, without what it begins on other goroutines. own is
// the function that n is of: its own parameters are what others gave.
//
//nolint:gocognit // one short case for each kind of node; parted, none of them could be read alone
func (r *reader) read(n ast.Node, own *ast.FuncType) piece {
	var p piece
	seen := make(map[*ast.FuncLit]bool)
	var visit func(n ast.Node) bool
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			seen[n] = true
		case *ast.GoStmt:
			for _, arg := range n.Call.Args {
				ast.Inspect(arg, visit)
			}
			return false
		case *ast.CallExpr:
			switch fun := ast.Unparen(n.Fun).(type) {
			case *ast.Ident, *ast.FuncLit:
			case *ast.SelectorExpr:
				if begins(n) {
					return false
				}
				if r.printsToMemory(fun, n.Args) {
					for _, arg := range n.Args {
						ast.Inspect(arg, visit)
					}
					return false
				}
			case *ast.CallExpr: // what a function returns; of others', only context's
			default:
				if _, isFunc := r.pkg.Info.TypeOf(fun).(*types.Signature); isFunc && !r.pkg.Info.Types[fun].IsType() {
					p.effects = append(p.effects, "calls "+types.ExprString(fun))
				}
			}
		case *ast.ReturnStmt: // what is returned is called by somebody else
			for _, x := range n.Results {
				if _, isLit := ast.Unparen(x).(*ast.FuncLit); !isLit {
					ast.Inspect(x, visit)
				}
			}
			return false
		case *ast.AssignStmt: // what a variable holds counts where that is mentioned
			for _, x := range n.Lhs {
				ast.Inspect(x, visit)
			}
			for i, x := range n.Rhs {
				if _, isName := n.Lhs[i%len(n.Lhs)].(*ast.Ident); !isName || !isLiteral(x) {
					ast.Inspect(x, visit)
				}
			}
			return false
		case *ast.BinaryExpr: // a function is only compared with nil
			if r.pkg.Info.Types[n.X].Type != nil {
				if _, isFunc := r.pkg.Info.TypeOf(n.X).Underlying().(*types.Signature); isFunc {
					return false
				}
			}
		case *ast.SendStmt:
			p.effects = append(p.effects, "waits")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				p.effects = append(p.effects, "waits")
			}
		case *ast.RangeStmt:
			if _, isChan := r.pkg.Info.TypeOf(n.X).Underlying().(*types.Chan); isChan {
				p.effects = append(p.effects, "waits")
			}
		case *ast.SelectStmt:
			if hasDefault(n) { // nothing waits: only the bodies count
				for _, c := range n.Body.List {
					for _, s := range c.(*ast.CommClause).Body {
						ast.Inspect(s, visit)
					}
				}
				return false
			}
		case *ast.SelectorExpr: // a method is that of what it is called on
			if sel := r.pkg.Info.Selections[n]; sel != nil && sel.Kind() != types.FieldVal && types.IsInterface(sel.Recv()) {
				p.effects, p.calls = r.behind(sel.Recv(), sel.Obj().(*types.Func), p.effects, p.calls)
				ast.Inspect(n.X, visit)
				return false
			}
		case *ast.Ident:
			r.mention(&p, r.pkg.Info.Uses[n], own, seen, visit)
		}
		return true
	}
	ast.Inspect(n, visit)
	return p
}

func (r *reader) mention(p *piece, o types.Object, own *ast.FuncType, seen map[*ast.FuncLit]bool, visit func(ast.Node) bool) {
	switch o := o.(type) {
	case *types.Func:
		if lock := r.locker(o); lock {
			return // the walk over the statements knows
		}
		p.effects, p.calls = r.callees(o.Origin(), p.effects, p.calls)
	case *types.Var:
		if _, isFunc := o.Type().Underlying().(*types.Signature); !isFunc || clock(o) || types.TypeString(o.Type(), nil) == "context.CancelFunc" {
			return
		}
		switch {
		case o.IsField():
			p.fields = append(p.fields, o.Origin())
		case len(r.lits[o]) > 0:
			for _, lit := range r.lits[o] {
				if !seen[lit] {
					seen[lit] = true
					ast.Inspect(lit.Body, visit)
				}
			}
		case o.Kind() == types.ParamVar && (own == nil || o.Pos() < own.Pos() || own.End() <= o.Pos()):
			// Who called with it has mentioned it.
		default:
			p.effects = append(p.effects, "calls "+o.Name())
		}
	}
}

// printsToMemory reports whether the call is of fmt.Fprint and its like, with
// something to write to that only computes.
func (r *reader) printsToMemory(fun *ast.SelectorExpr, args []ast.Expr) bool {
	f, ok := r.pkg.Info.Uses[fun.Sel].(*types.Func)
	if !ok || f.Pkg() == nil || f.Pkg().Path() != "fmt" || !strings.HasPrefix(f.Name(), "Fprint") {
		return false
	}
	t := r.pkg.Info.TypeOf(args[0])
	if p, isPointer := t.(*types.Pointer); isPointer {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return false
	}
	_, computes := computing[n.Obj().Pkg().Path()]
	return computes
}

// clock reports whether it tells the time.
func clock(v *types.Var) bool {
	return strings.EqualFold(v.Name(), "now") && types.TypeString(v.Type(), nil) == "func() time.Time"
}

func hasDefault(s *ast.SelectStmt) bool {
	return slices.ContainsFunc(s.Body.List, func(c ast.Stmt) bool { return c.(*ast.CommClause).Comm == nil })
}

// callees adds what a mention of f leads to.
func (a *analysis) callees(f *types.Func, effects []string, calls []*types.Func) ([]string, []*types.Func) {
	if recv := f.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
		return a.behind(recv.Type(), f, effects, calls)
	}
	if a.ours[f.Pkg()] {
		return effects, append(calls, f)
	}
	if effect := outside(f, nil); effect != "" {
		effects = append(effects, effect)
	}
	return effects, calls
}

// behind adds what may be behind the method of an interface: that of each type
// of this module that fits, and, of an interface of others, what is theirs.
func (a *analysis) behind(iface types.Type, f *types.Func, effects []string, calls []*types.Func) ([]string, []*types.Func) {
	fits, known := a.fits[iface]
	if under, ok := iface.Underlying().(*types.Interface); ok && !known {
		for _, n := range a.named {
			if types.Implements(types.NewPointer(n), under) {
				fits = append(fits, n)
			}
		}
		a.fits[iface] = fits
	}
	for _, n := range fits {
		if m, _, _ := types.LookupFieldOrMethod(types.NewPointer(n), false, n.Obj().Pkg(), f.Name()); m != nil {
			calls = append(calls, m.(*types.Func))
		}
	}
	if named, ok := types.Unalias(iface).(*types.Named); ok && named.Obj().Pkg() != nil && a.ours[named.Obj().Pkg()] {
		return effects, calls
	}
	if effect := outside(f, iface); effect != "" {
		effects = append(effects, effect)
	}
	return effects, calls
}

// fill finds what a function puts into fields that hold functions. What it was
// given itself is unknown.
func (a *analysis) fill(r *reader, d *ast.FuncDecl) {
	put := func(field types.Object, value ast.Expr) {
		v, ok := field.(*types.Var)
		if !ok || !v.IsField() || value == nil {
			return
		}
		if _, isFunc := v.Type().Underlying().(*types.Signature); !isFunc {
			return
		}
		var p piece
		switch x := ast.Unparen(value).(type) {
		case *ast.FuncLit:
			p = r.read(x.Body, nil)
		case *ast.Ident:
			if x.Name == "nil" {
				return
			}
			p = r.read(x, d.Type)
		default:
			p = r.read(x, nil)
		}
		was := a.given[v.Origin()]
		a.given[v.Origin()] = piece{append(was.effects, p.effects...), append(was.calls, p.calls...), append(was.fields, p.fields...)}
	}
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok {
				put(r.pkg.Info.Uses[id], n.Value)
			}
		case *ast.AssignStmt:
			for i, x := range n.Lhs {
				if s, ok := x.(*ast.SelectorExpr); ok && len(n.Lhs) == len(n.Rhs) {
					put(r.pkg.Info.Uses[s.Sel], n.Rhs[i])
				}
			}
		}
		return true
	})
}
