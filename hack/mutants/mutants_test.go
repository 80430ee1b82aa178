package main

import (
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const source = `package p

var table = map[string]row{
	"a": {word: "x", count: 2},
	"b": {"y", 3}, // and no more
}

var list = []string{"a", "b"}

func f(a, b int, list []string) (string, error) {
	if a >= b && len(list) > 0 {
		a++
		log(a)
		return "x" + list[0], nil
	}
	for range list {
		continue
	}
	return g(), errOdd
}
`

func TestEachMistakeIsMadeOnce(t *testing.T) {
	want := strings.TrimSpace(`
p.go:4 table: "a": {word: "x", count: 2} -> (deleted)
p.go:4 table: word: "x" -> (deleted)
p.go:4 table: count: 2 -> (deleted)
p.go:4 table: 2 -> (2 + 1)
p.go:5 table: "b": {"y", 3} -> (deleted)
p.go:5 table: 3 -> (3 + 1)
p.go:8 list: "a" -> (deleted)
p.go:8 list: "b" -> (deleted)
p.go:11 f: a >= b && len(list) > 0 -> !(a >= b && len(list) > 0)
p.go:11 f: a >= b && len(list) > 0 -> a >= b || len(list) > 0
p.go:11 f: a >= b && len(list) > 0 -> a >= b
p.go:11 f: a >= b && len(list) > 0 -> len(list) > 0
p.go:11 f: a >= b -> a > b
p.go:11 f: len(list) > 0 -> len(list) >= 0
p.go:12 f: a++ -> (deleted)
p.go:13 f: log(a) -> (deleted)
p.go:14 f: return "x" + list[0], nil -> (deleted)
p.go:14 f: "x" + list[0] -> ""
p.go:17 f: continue -> (deleted)
p.go:19 f: g() -> ""
p.go:19 f: errOdd -> nil`)
	found, err := mutations("p.go", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range found {
		got = append(got, m.String())
		if _, err := parser.ParseFile(token.NewFileSet(), "p.go", m.apply(), 0); err != nil {
			t.Errorf("%s: %v", m, err)
		}
		if string(m.apply()) == source {
			t.Errorf("%s: it changes nothing", m)
		}
	}
	slices.Sort(got)
	lines := strings.Split(want, "\n")
	slices.Sort(lines)
	if diff := cmp.Diff(lines, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is accepted and isn't made any more is forgotten.
func TestWhatIsAcceptedIsStillMade(t *testing.T) {
	t.Chdir("../..")
	todo, err := draw("", "", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := readAccepted()
	if err != nil {
		t.Fatal(err)
	}
	for key := range accepted {
		if !slices.ContainsFunc(todo, func(j job) bool { return j.key() == key }) {
			t.Errorf("accepted.txt: no such mutation is made: %s", key)
		}
	}
}
