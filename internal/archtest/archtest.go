// Package archtest executes the architecture: who may import whom, who may
// start goroutines, where the docs are, what may not stand in a file. The
// tables in imports.go and source.go are the architecture's diagram; each rule
// has a file in testdata that breaks it, so that no rule can rot.
//
// It only reads, and keeps no state.
package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Tree is a checkout, read and parsed. The zero value is an empty one.
type Tree struct {
	// Text is each text file by its path from the root, with forward slashes.
	Text map[string]string
	// Go is each Go file, parsed, in the order of their paths.
	Go []File
}

// File is one Go file.
type File struct {
	Path string
	AST  *ast.File
	Fset *token.FileSet
}

// Dir is the folder of the file, which is its package; "." for the root.
func (f File) Dir() string { return path.Dir(f.Path) }

// Test reports whether it is a test.
func (f File) Test() bool { return strings.HasSuffix(f.Path, "_test.go") }

// At is a place in the file, for a finding.
func (f File) At(p token.Pos) string { return fmt.Sprintf("%s:%d", f.Path, f.Fset.Position(p).Line) }

// Rule is one rule of the architecture: its name, and what it finds in a tree
// that breaks it, one line a finding, each with its place.
type Rule struct {
	Name  string
	Check func(Tree) []string
}

// Rules are all of them.
func Rules() []Rule {
	return []Rule{
		{"imports", imports},
		{"third-party", thirdParty},
		{"unused", unused},
		{"purity", purity},
		{"labels", labels},
		{"commands", commands},
		{"goroutines", goroutines},
		{"package-doc", packageDoc},
		{"file-length", fileLength},
		{"sleep", sleep},
		{"init", noInit},
		{"doc-paths", docPaths},
		{"doc-tests", docTests},
		{"machine-paths", machinePaths},
		{"todo", todo},
	}
}

// Load reads a checkout. What is hidden, built (bin) or the fixtures of this
// package is left out. It fails on a Go file that can't be parsed.
func Load(root fs.FS) (Tree, error) {
	tree := Tree{Text: make(map[string]string)}
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != "." && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".ci" || p == "bin" || p == "internal/archtest/testdata"):
			return fs.SkipDir
		case !d.Type().IsRegular(), p == ".git": // a file in a linked worktree
			return nil
		}
		src, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		if slices.Contains(src, 0) {
			return nil // not text
		}
		tree.Text[p] = string(src)
		if path.Ext(p) != ".go" || strings.Contains(p, "testdata/") {
			return nil
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, p, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parse %s: %w", p, err)
		}
		tree.Go = append(tree.Go, File{p, parsed, fset})
		return nil
	})
	return tree, err
}

// paths are those of all text files, in order.
func (t Tree) paths() []string {
	paths := make([]string, 0, len(t.Text))
	for p := range t.Text {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// within reports whether the path is the pattern, or, for a pattern that ends
// in /..., the folder before it or anything below.
func within(p, pattern string) bool {
	if folder, all := strings.CutSuffix(pattern, "/..."); all {
		return p == folder || strings.HasPrefix(p, folder+"/")
	}
	return p == pattern
}
