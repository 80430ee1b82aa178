package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
)

// mutation is one small change of a file that its tests should notice.
type mutation struct {
	file     string
	line     int
	column   int
	in       string // the function, or the variable
	within   lines  // of the function
	from, to int    // bytes of the file
	was      string
	becomes  string // empty: deleted
	src      string // the file as it was
}

// lines are those of a function; zero: it is in none.
type lines struct{ first, last int }

// key tells it from others, and stays the same when lines move.
func (m mutation) key() string {
	becomes := m.becomes
	if becomes == "" {
		becomes = "(deleted)"
	}
	return fmt.Sprintf("%s %s: %s -> %s", m.file, m.in, oneLine(m.was), oneLine(becomes))
}

func (m mutation) String() string {
	_, what, _ := strings.Cut(m.key(), " ")
	return fmt.Sprintf("%s:%d %s", m.file, m.line, what)
}

// apply returns the file with the mutation.
func (m mutation) apply() []byte { return []byte(m.src[:m.from] + m.becomes + m.src[m.to:]) }

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// mutationsOf returns those of a file, in its order.
func mutationsOf(path string) ([]mutation, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return mutations(path, src)
}

func mutations(path string, src []byte) ([]mutation, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("read what is to be mutated: %w", err)
	}
	m := mutator{fset: fset, path: path, src: string(src)}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Body != nil {
				m.in, m.where = decl.Name.Name, lines{fset.Position(decl.Pos()).Line, fset.Position(decl.End()).Line}
				m.function(decl.Type, decl.Body)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && decl.Tok == token.VAR {
					m.in, m.where = v.Names[0].Name, lines{}
					for _, value := range v.Values {
						m.table(value)
					}
				}
			}
		}
	}
	return m.found, nil
}

type mutator struct {
	fset  *token.FileSet
	path  string
	src   string
	in    string
	where lines
	found []mutation
}

func (m *mutator) text(n ast.Node) string {
	return m.src[m.fset.Position(n.Pos()).Offset:m.fset.Position(n.End()).Offset]
}

func (m *mutator) add(n ast.Node, becomes string) {
	p := m.fset.Position(n.Pos())
	m.found = append(m.found, mutation{
		m.path, p.Line, p.Column, m.in, m.where, p.Offset, m.fset.Position(n.End()).Offset, m.text(n), becomes, m.src,
	})
}

// function mutates a body whose returns have these types.
func (m *mutator) function(of *ast.FuncType, body *ast.BlockStmt) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			m.function(n.Type, n.Body)
			return false
		case *ast.BinaryExpr:
			m.operator(n)
		case *ast.IfStmt:
			m.add(n.Cond, "!("+m.text(n.Cond)+")")
		case *ast.ReturnStmt:
			m.results(of, n)
		case *ast.BlockStmt:
			m.statements(n.List, n == body && of.Results != nil)
		case *ast.CaseClause:
			m.statements(n.Body, false)
		case *ast.CommClause:
			m.statements(n.Body, false)
		}
		return true
	})
}

// table leaves out each row and field of a variable's value, and adds one to
// each number.
func (m *mutator) table(value ast.Expr) {
	ast.Inspect(value, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			m.function(n.Type, n.Body)
			return false
		case *ast.CompositeLit:
			m.rows(n)
		case *ast.BasicLit:
			if n.Kind == token.INT {
				m.add(n, "("+n.Value+" + 1)")
			}
		}
		return true
	})
}

func (m *mutator) rows(of *ast.CompositeLit) {
	_, list := of.Type.(*ast.ArrayType)
	for i, e := range of.Elts {
		if _, keyed := e.(*ast.KeyValueExpr); !list && !keyed {
			return // a struct's fields in their order
		}
		m.add(e, "")
		gone := &m.found[len(m.found)-1] // with the comma
		if i+1 < len(of.Elts) {
			gone.to = m.fset.Position(of.Elts[i+1].Pos()).Offset
		} else {
			gone.to = m.fset.Position(of.Rbrace).Offset
		}
	}
}

// flips are the operators that are easily mistaken for each other.
var flips = map[token.Token]string{
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">", token.EQL: "!=", token.NEQ: "==",
	token.LAND: "||", token.LOR: "&&", token.ADD: "-", token.SUB: "+",
}

func (m *mutator) operator(n *ast.BinaryExpr) {
	x, y := m.text(n.X), m.text(n.Y)
	if n.Op == token.ADD && (strings.Contains(x, `"`) || strings.Contains(y, `"`)) {
		return // of strings
	}
	if other, ok := flips[n.Op]; ok {
		m.add(n, x+" "+other+" "+y)
	}
	if n.Op == token.LAND || n.Op == token.LOR {
		m.add(n, x)
		m.add(n, y)
	}
}

// statements deletes each one that can be missed without a compiler's word; the
// last one of a body that must return can't.
func (m *mutator) statements(list []ast.Stmt, returns bool) {
	if returns && len(list) > 0 {
		list = list[:len(list)-1]
	}
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.DeferStmt, *ast.SendStmt, *ast.BranchStmt, *ast.ReturnStmt:
			m.add(s, "")
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE && m.text(s.Lhs[0]) != "_" {
				m.add(s, "")
			}
		}
	}
}

// results makes each value of a return the zero one, and a truth its opposite.
func (m *mutator) results(of *ast.FuncType, n *ast.ReturnStmt) {
	var types []string
	if of.Results != nil {
		for _, field := range of.Results.List {
			for range max(1, len(field.Names)) {
				types = append(types, m.text(field.Type))
			}
		}
	}
	if len(types) != len(n.Results) {
		return
	}
	for i, value := range n.Results {
		switch text := m.text(value); {
		case text == "true":
			m.add(value, "false")
		case text == "false":
			m.add(value, "true")
		case types[i] == "bool":
			m.add(value, "!("+text+")")
		case text == "nil" || text == "0" || text == `""`:
		case types[i] == "string" || types[i] == "error":
			m.add(value, map[string]string{"string": `""`, "error": "nil"}[types[i]])
		case !strings.HasPrefix(text, "*new(") && text != types[i]+"{}":
			m.add(value, "*new("+types[i]+")")
		}
	}
}
