package archtest

import (
	"go/ast"
	"go/types"
	"strings"
)

// analysis finds what happens while a lock is held: a sync.Mutex, RWMutex or
// Once. It follows calls through this module, takes each mention of a function
// for a call, and a method of an interface for all that may be behind it; so
// it may find what never happens, but misses nothing that it can see.
type analysis struct {
	prog   Program
	ours   map[*types.Package]bool
	named  []*types.Named          // the types of this module
	bodies map[*types.Func]piece   // what each function does
	locks  map[types.Object]string // by its variable: its name, package.Type.field
	fields map[types.Object]string
	fits   map[types.Type][]*types.Named // the types that implement an interface
	given  map[*types.Var]piece          // what was put into a field that holds a function
	taken  map[*types.Func]string        // the lock that a function leaves held
	under  map[string]map[string]string  // lock → effect → by which way, the shortest first found
}

// Held returns, by the name of each lock of the program, what may happen while
// it is held, and by which way: "a → b → c".
func Held(prog Program) map[string]map[string]string {
	a := &analysis{
		prog: prog, ours: map[*types.Package]bool{}, bodies: map[*types.Func]piece{},
		locks: map[types.Object]string{}, fields: map[types.Object]string{},
		fits: map[types.Type][]*types.Named{}, given: map[*types.Var]piece{}, taken: map[*types.Func]string{}, under: map[string]map[string]string{},
	}
	for _, p := range prog.Packages {
		a.declare(p)
	}
	for _, p := range prog.Packages {
		a.each(p, func(r *reader, f *types.Func, d *ast.FuncDecl) {
			a.bodies[f] = a.whole(r, d)
			a.fill(r, d)
		})
	}
	for range 2 { // the second time it is known which functions leave a lock held
		for _, p := range prog.Packages {
			a.each(p, func(r *reader, f *types.Func, d *ast.FuncDecl) {
				w := &walk{reader: r, where: shortName(f), own: d.Type}
				if w.body(d.Body); w.left() != "" {
					a.taken[f] = w.left()
				}
				ast.Inspect(d.Body, func(n ast.Node) bool { // each literal is a function of its own
					if lit, ok := n.(*ast.FuncLit); ok {
						(&walk{reader: r, where: shortName(f), own: lit.Type}).body(lit.Body)
					}
					return true
				})
			})
		}
	}
	return a.under
}

// declare finds the locks, the types and the fields of a package.
func (a *analysis) declare(p Package) {
	a.ours[p.Types] = true
	for _, name := range p.Types.Scope().Names() {
		o, isType := p.Types.Scope().Lookup(name).(*types.TypeName)
		if !isType {
			continue
		}
		named, ok := o.Type().(*types.Named)
		if !ok {
			continue
		}
		if named.TypeParams() == nil {
			a.named = append(a.named, named)
		}
		if s, ok := named.Underlying().(*types.Struct); ok {
			for i := range s.NumFields() {
				a.fields[s.Field(i)] = p.Path + "." + name + "." + s.Field(i).Name()
			}
		}
	}
	for id, o := range p.Info.Defs {
		v, ok := o.(*types.Var)
		if !ok || !lockType(v.Type()) {
			continue
		}
		lock := a.fields[v]
		if lock == "" {
			lock = p.Path + "." + a.around(p, id) + v.Name()
		}
		a.locks[v] = lock
		a.under[lock] = map[string]string{}
	}
}

// around is the name of the function around id, with a dot.
func (a *analysis) around(p Package, id *ast.Ident) string {
	for _, f := range p.Files {
		for _, d := range f.Decls {
			if fd, ok := d.(*ast.FuncDecl); ok && fd.Pos() <= id.Pos() && id.Pos() < fd.End() {
				return fd.Name.Name + "."
			}
		}
	}
	return ""
}

func lockType(t types.Type) bool {
	switch types.TypeString(t, nil) {
	case "sync.Mutex", "sync.RWMutex", "sync.Once":
		return true
	}
	return false
}

// fieldName is a field's, package.Type.field.
func (a *analysis) fieldName(v *types.Var) string {
	if name := a.fields[v.Origin()]; name != "" {
		return name
	}
	return v.Pkg().Name() + "." + v.Name()
}

func shortName(f *types.Func) string {
	if recv := f.Signature().Recv(); recv != nil {
		return f.Pkg().Name() + "." + typeName(recv.Type()) + "." + f.Name()
	}
	return f.Pkg().Name() + "." + f.Name()
}

// each calls do with each function of the package that has a body.
func (a *analysis) each(p Package, do func(*reader, *types.Func, *ast.FuncDecl)) {
	for _, file := range p.Files {
		for _, decl := range file.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if !ok || d.Body == nil {
				continue
			}
			do(&reader{a, p, literals(p, d)}, p.Info.Defs[d.Name].(*types.Func), d)
		}
	}
}

// literals are the function literals that variables of the function hold.
func literals(p Package, d *ast.FuncDecl) map[types.Object][]*ast.FuncLit {
	held := make(map[types.Object][]*ast.FuncLit)
	keep := func(name, value ast.Expr) {
		id, isName := name.(*ast.Ident)
		lit, isLit := value.(*ast.FuncLit)
		if !isName || !isLit {
			return
		}
		for _, o := range []types.Object{p.Info.Defs[id], p.Info.Uses[id]} {
			if o != nil {
				held[o] = append(held[o], lit)
			}
		}
	}
	ast.Inspect(d, func(n ast.Node) bool {
		if s, ok := n.(*ast.AssignStmt); ok && len(s.Lhs) == len(s.Rhs) {
			for i := range s.Lhs {
				keep(s.Lhs[i], s.Rhs[i])
			}
		}
		return true
	})
	return held
}

// whole is what a function does, and which locks it takes.
func (a *analysis) whole(r *reader, d *ast.FuncDecl) piece {
	p := r.read(d.Body, nil)
	ast.Inspect(d.Body, func(n ast.Node) bool {
		if lock, verb := r.lockCall(n); verb == "Lock" || verb == "Do" {
			p.effects = append(p.effects, "takes "+lock)
		}
		switch n := n.(type) {
		case *ast.GoStmt:
			return false
		case *ast.ReturnStmt:
			return len(n.Results) != 1 || !isLiteral(n.Results[0])
		}
		return true
	})
	return p
}

func isLiteral(x ast.Expr) bool {
	_, is := ast.Unparen(x).(*ast.FuncLit)
	return is
}

// happens notes all that the piece leads to, while the lock is held.
func (a *analysis) happens(lock, where string, p piece) {
	type step struct {
		piece
		way string
	}
	seen, filled := make(map[*types.Func]bool), make(map[*types.Var]bool)
	for todo := []step{{p, where}}; len(todo) > 0; todo = todo[1:] {
		now := todo[0]
		for _, e := range now.effects {
			if _, known := a.under[lock][e]; !known {
				a.under[lock][e] = now.way
			}
		}
		for _, v := range now.fields {
			given, known := a.given[v]
			switch name := a.fieldName(v); {
			case !known:
				todo = append(todo, step{piece{effects: []string{"calls " + name}}, now.way})
			case !filled[v]:
				filled[v] = true
				todo = append(todo, step{given, now.way + " → " + name})
			}
		}
		for _, f := range now.calls {
			if !seen[f.Origin()] {
				seen[f.Origin()] = true
				todo = append(todo, step{a.bodies[f.Origin()], now.way + " → " + shortName(f)})
			}
		}
	}
}

// locker reports whether f is a method of a lock.
func (a *analysis) locker(f *types.Func) bool {
	recv := f.Signature().Recv()
	if recv == nil {
		return false
	}
	p, ok := recv.Type().(*types.Pointer)
	return ok && lockType(p.Elem())
}

// lockCall returns the lock and the verb of a call of a lock's method: Lock,
// TryLock (as Lock), Unlock or Do.
func (r *reader) lockCall(n ast.Node) (lock, verb string) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return "", ""
	}
	s, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	f, ok := r.pkg.Info.Uses[s.Sel].(*types.Func)
	if !ok || !r.locker(f) {
		return "", ""
	}
	var o types.Object
	switch x := ast.Unparen(s.X).(type) {
	case *ast.SelectorExpr:
		o = r.pkg.Info.Uses[x.Sel]
	case *ast.Ident:
		o = r.pkg.Info.Uses[x]
	}
	verb = strings.TrimPrefix(strings.TrimPrefix(f.Name(), "Try"), "R")
	if v, ok := o.(*types.Var); ok {
		o = v.Origin()
	}
	if lock = r.locks[o]; lock == "" {
		lock = "a lock without a name in " + r.pkg.Path
		if r.under[lock] == nil {
			r.under[lock] = map[string]string{}
		}
	}
	return lock, verb
}
