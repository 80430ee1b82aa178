package desired

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const shop = `# the shop ü
version: 1
project: shop
services:
  web:   running   # always
  "db": 'stopped'
  queue: {job: false, state: "running", replicas: 2}
  cache:
    # long
    replicas: 1
    state: stopped	# tab before the comment
  migrate: completed
  backup: {job: true, state: stopped}
  odd: "runn\x69ng"
  block: {state: running, suspend: {reason: "state: running"}}
  folded: |-
    running
`

func TestAnEditReplacesTheWordAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		change   Change
		old, new string // the only difference
	}{
		"short form":                    {Change{"web", Stopped}, "web:   running ", "web:   stopped "},
		"single quotes":                 {Change{"db", Running}, "'stopped'", "'running'"},
		"double quotes in a flow":       {Change{"queue", Stopped}, `"running", r`, `"stopped", r`},
		"long form":                     {Change{"cache", Running}, "state: stopped\t", "state: running\t"},
		"a long job is run":             {Change{"backup", Completed}, "true, state: stopped", "true, state: completed"},
		"running a job means completed": {Change{"backup", Running}, "true, state: stopped", "true, state: completed"},
		"not the same words elsewhere":  {Change{"block", Stopped}, "{state: running, s", "{state: stopped, s"},
		"as it is already":              {Change{"web", Running}, "", ""},
		"a done job asked to run":       {Change{"migrate", Running}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Edit(mustParse(t, shop), []Change{c.change})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Replace(shop, c.old, c.new, 1), string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAnEditThatCannotBeMadeSaysWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		change Change
		err    error
		text   string
	}{
		"short job":        {Change{"migrate", Stopped}, ErrShape, "migrate: {job: true, state: stopped}"},
		"escaped":          {Change{"odd", Stopped}, ErrShape, "odd: stopped"},
		"block scalar":     {Change{"folded", Stopped}, ErrShape, "folded: stopped"},
		"no job":           {Change{"web", Completed}, ErrUnsuitable, "web is no job"},
		"absent":           {Change{"web", Absent}, ErrUnsuitable, "ask for stopped"},
		"no state":         {Change{"web", "started"}, ErrUnsuitable, "none of running"},
		"unknown service":  {Change{"wbe", Running}, ErrUnknownService, `did you mean "web"?`},
		"no zero state":    {Change{"web", ""}, ErrUnsuitable, "none of running"},
		"no empty service": {Change{"", Running}, ErrUnknownService, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Edit(mustParse(t, shop), []Change{{"db", Running}, c.change})
			if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text) || got != nil {
				t.Errorf("got %q, %v; want nothing and %v with %q", got, err, c.err, c.text)
			}
		})
	}
}

// A document in any of the accepted forms, and what it says.
func documents(t *rapid.T) (src string, states map[string]State) {
	var b strings.Builder
	end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+end, args...) }
	line("# ünicode %s", rapid.StringMatching(`[a-zäß:{}' ]{0,20}`).Draw(t, "comment"))
	line("version: 1")
	line("project: shop")
	line("services:")
	states = map[string]State{}
	for i := range rapid.IntRange(1, 8).Draw(t, "services") {
		name := fmt.Sprintf("s%d", i)
		states[name] = rapid.SampledFrom([]State{Running, Stopped}).Draw(t, "state")
		quote := rapid.SampledFrom([]string{"", "'", `"`}).Draw(t, "quote")
		gap := rapid.StringMatching(` {1,3}`).Draw(t, "gap")
		word := gap + quote + string(states[name]) + quote
		switch rapid.IntRange(0, 3).Draw(t, "form") {
		case 0:
			line("  %s:%s # running, stopped", name, word)
		case 1:
			line("  %s: {settle: 2s, state:%s}", name, word)
		case 2:
			line("  %s:", name)
			line("    compose_service: running-%s", name)
			line("    state:%s", word)
		case 3:
			line("  %q: {suspend: {reason: 'ß running'}, state:%s }", name, word)
		}
	}
	return b.String(), states
}

func TestAnEditSaysExactlyWhatWasAskedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src, want := documents(t)
		doc, err := Parse("state.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		var changes []Change
		length := len(src)
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if rapid.Bool().Draw(t, "change "+name) {
				state := rapid.SampledFrom([]State{Running, Stopped}).Draw(t, "to")
				changes, want[name] = append(changes, Change{name, state}), state
			}
		}
		got, err := Edit(doc, changes)
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		after, err := Parse("state.yaml", got)
		if err != nil {
			t.Fatal(err)
		}
		if len(after.Services) != len(want) || len(got) != length {
			t.Fatalf("%d services in %d bytes, want %d in %d", len(after.Services), len(got), len(want), length)
		}
		for _, s := range after.Services {
			if s.State != want[s.Name] {
				t.Fatalf("%s is %s, want %s", s.Name, s.State, want[s.Name])
			}
		}
		// Both words have the same length: all that differs must lie in one.
		for i := range got {
			if got[i] != src[i] && !within(src, i) {
				t.Fatalf("byte %d differs outside of a state:\n%s\n%s", i, src, got)
			}
		}
		back, err := Edit(after, undo(doc))
		if err != nil || string(back) != src {
			t.Fatalf("back: %v\n%s", err, cmp.Diff(src, string(back)))
		}
	})
}

// within reports whether the byte belongs to one of the two words.
func within(src string, at int) bool {
	for _, word := range []string{"running", "stopped"} {
		for from := max(0, at-len(word)+1); from <= at; from++ {
			if strings.HasPrefix(src[from:], word) {
				return true
			}
		}
	}
	return false
}

func undo(doc *Document) (changes []Change) {
	for _, s := range doc.Services {
		changes = append(changes, Change{s.Name, s.State})
	}
	return changes
}
