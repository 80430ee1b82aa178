package archtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Program is what of this module a command is made of, with its types.
type Program struct {
	Fset     *token.FileSet
	Packages []Package
}

// Package is one package of a Program.
type Package struct {
	Path  string // from the module on, as cmd/reconciler
	Files []*ast.File
	Types *types.Package
	Info  *types.Info
}

// LoadProgram reads the command in that folder of the module. It asks the go
// command, which builds what it must.
func LoadProgram(dir string) (Program, error) {
	list := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Dir,GoFiles,Export", ".")
	list.Dir = dir
	var said strings.Builder
	list.Stderr = &said
	out, err := list.Output()
	if err != nil {
		return Program{}, fmt.Errorf("go list %s: %w: %s", dir, err, said.String())
	}
	var listed []listedPackage
	for more := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		if err := more.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return Program{}, fmt.Errorf("go list %s: %w", dir, err)
		}
		listed = append(listed, p)
	}
	return load(listed)
}

type listedPackage struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// load checks the packages of this module, in the order of their imports; of
// all others it takes what the compiler has exported.
func load(listed []listedPackage) (Program, error) {
	exports := make(map[string]string, len(listed))
	for _, p := range listed {
		exports[p.ImportPath] = p.Export
	}
	prog := Program{Fset: token.NewFileSet()}
	ours := make(map[string]*types.Package)
	foreign := importer.ForCompiler(prog.Fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, p := range listed {
		path, is := strings.CutPrefix(p.ImportPath, module+"/")
		if !is {
			continue
		}
		var files []*ast.File
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(prog.Fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return Program{}, err
			}
			files = append(files, f)
		}
		pkg, err := typed(prog.Fset, path, files, importing(func(path string) (*types.Package, error) {
			if own := ours[path]; own != nil {
				return own, nil
			}
			return foreign.Import(path)
		}))
		if err != nil {
			return Program{}, err
		}
		ours[p.ImportPath] = pkg.Types
		prog.Packages = append(prog.Packages, pkg)
	}
	return prog, nil
}

type importing func(path string) (*types.Package, error)

func (f importing) Import(path string) (*types.Package, error) { return f(path) }

func typed(fset *token.FileSet, path string, files []*ast.File, imports types.Importer) (Package, error) {
	p := Package{Path: path, Files: files, Info: &types.Info{
		Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, Types: map[ast.Expr]types.TypeAndValue{},
	}}
	conf := types.Config{Importer: imports}
	var err error
	p.Types, err = conf.Check(module+"/"+path, fset, files, p.Info)
	return p, err
}
