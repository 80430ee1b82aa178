package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// module is the path of this module, before the packages' own.
const module = "reconciler"

// room is a part of the program, and what must notice each change of it.
type room struct {
	name  string
	files []string // patterns, from the module's folder; a file belongs to the first room that has it
	tests []string // packages, the nearest first: what the first notices, the others aren't asked
	skip  string   // tests that take long and would notice nothing that the others don't; a pattern of go test
}

// rooms are where a mistake does harm to somebody's containers or files.
var rooms = []room{
	{"ownership and guards", []string{"reconcile/own/*.go"}, []string{"./reconcile/own", "./reconcile/plan"}, ""},
	{"decision", []string{"reconcile/plan/*.go"}, []string{"./reconcile/plan"}, ""},
	{
		"edits",
		[]string{"desired/edit*.go", "desired/change.go", "desired/swap.go", "desired/rights.go", "desired/revision.go"},
		[]string{"./desired"},
		"TestKilledAtAnyFileStep",
	},
	{
		"files", // what is read of them, and whose they are
		[]string{
			"desired/settled/*.go", "desired/desk/*.go", "desired/store.go", "desired/watch.go", "desired/open.go", "desired/turn.go",
			"desired/held.go", "desired/datadir.go", "desired/datafile.go", "desired/leftover.go", "desired/memory.go", "desired/intent.go",
		},
		[]string{"./desired/settled", "./desired/desk", "./desired"},
		"TestKilledAtAnyFileStep",
	},
	{"observation", []string{"observed/*.go"}, []string{"./observed"}, ""},
	{
		"carrying",
		[]string{"reconcile/*.go", "reconcile/containers/*.go", "reconcile/driver/*.go"},
		[]string{"./reconcile", "./reconcile/containers"},
		"",
	},
	{
		"port", // what the verbs do, what a container claims, what a refusal says
		[]string{"engine/*.go"},
		[]string{"./engine", "./engine/sim", "./observed", "./reconcile/own", "./reconcile/plan"},
		"",
	},
	{
		"doors", // who gets in
		[]string{"api/guard.go", "api/credentials.go", "api/tokens.go", "api/role.go", "api/sessions.go", "api/forwarded.go"},
		[]string{"./api"},
		"",
	},
}

// all returns every mutation of the room's files that no room before has.
func (r room) all(seen map[string]bool) ([]mutation, error) {
	var found []mutation
	for _, pattern := range r.files {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			return nil, fmt.Errorf("room %s: no file is %s: %w", r.name, pattern, err)
		}
		for _, path := range paths {
			if seen[path] || strings.HasSuffix(path, "_test.go") {
				continue
			}
			seen[path] = true
			ms, err := mutationsOf(path)
			if err != nil {
				return nil, err
			}
			found = append(found, ms...)
		}
	}
	return found, nil
}
