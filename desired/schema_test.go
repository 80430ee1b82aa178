package desired

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write state.schema.json anew")

const schemaFile = "../state.schema.json"

func TestTheSchemaFileIsTheSchema(t *testing.T) {
	if *update {
		if err := os.WriteFile(schemaFile, Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(Schema()), string(got)); diff != "" {
		t.Errorf("run go test ./desired -update; -want +got:\n%s", diff)
	}
}

// validator checks values against the schema.
func validator(t rapid.TB) *jsonschema.Schema {
	t.Helper()
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatalf("the schema is not JSON: %v", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7) // so that the schema has to name its own
	c.AssertFormat()
	if err := c.AddResource("state.schema.json", tree); err != nil {
		t.Fatalf("the schema: %v", err)
	}
	s, err := c.Compile("state.schema.json") // against the meta-schema, too
	if err != nil {
		t.Fatalf("the schema: %v", err)
	}
	if s.DraftVersion != 2020 {
		t.Fatalf("the schema is of draft %d", s.DraftVersion)
	}
	return s
}

// asJSON is what YAML says, also where it is no valid document.
func asJSON(t rapid.TB, src []byte) any {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal(src, &root); err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	var flat bytes.Buffer
	if err := writeJSON(&flat, root.Content[0]); err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	value, err := jsonschema.UnmarshalJSON(&flat)
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	return value
}

func TestTheSchemaTakesWhatTheParserTakes(t *testing.T) {
	paths, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	texts := map[string]string{
		"the shop": shop,
		"a number": "version: 1\nproject: 7\ngroups: {8: [9]}\nservices: {9: {state: running, settle: 0, suspend: {by: 7, reason: 42}}}\n",
		"nothing":  "version: 1\nproject: shop\nservices: {}\n",
		"lengths":  "version: 1\nproject: shop\nservices: {a: {state: running, settle: 1h2m3.5s, retry: {initial: .5s, max: +1µs1m}}}\n",
	}
	for _, path := range append(paths, "../state.yaml") {
		texts[path] = string(must(os.ReadFile(path)))
	}
	for name, c := range edits {
		texts[name] = "version: 1\nproject: shop\nservices:" + c.after
	}
	v := validator(t)
	for name, text := range texts {
		mustParse(t, text)
		if err := v.Validate(asJSON(t, []byte(text))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		mustParse(t, d.src)
		if err := v.Validate(asJSON(t, []byte(d.src))); err != nil {
			t.Fatalf("%q: %v", d.src, err)
		}
	})
}

// beyond are the bad documents in which only the parser finds what is wrong.
var beyond = []string{"alias_bomb", "duplicate_key", "merge_key", "not_yaml", "self_alias", "tab", "tag", "two_documents"}

func TestTheSchemaRefusesWhatIsBadByItself(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(paths) < 10 {
		t.Fatalf("corpus: %d files, %v", len(paths), err)
	}
	v := validator(t)
	for _, path := range paths {
		if slices.Contains(beyond, strings.TrimSuffix(filepath.Base(path), ".yaml")) {
			continue
		}
		if err := v.Validate(asJSON(t, must(os.ReadFile(path)))); err == nil {
			t.Errorf("%s is valid", path)
		}
	}
}

func TestTheSchemaRefusesEachBadEntry(t *testing.T) {
	v := validator(t)
	for entry, good := range map[string]bool{
		`web: running`:                                            true,
		`web: absent`:                                             false,
		`web: {state: absent}`:                                    false,
		`web: {}`:                                                 false,
		`web: {state: completed}`:                                 false,
		`web: {state: completed, job: true}`:                      true,
		`web: {state: running, job: true}`:                        false,
		`web: {state: running, job: false}`:                       true,
		`web: {state: running, job: "true"}`:                      false,
		`web: {state: running, replicas: 1000}`:                   true,
		`web: {state: running, replicas: 1001}`:                   false,
		`web: {state: running, replicas: "1"}`:                    false,
		`web: {state: stopped, job: true, replicas: 1}`:           false,
		`web: {state: stopped, container: a-b, replicas: 1}`:      true,
		`web: {state: stopped, container: a-b, replicas: 2}`:      false,
		`web: {state: stopped, container: "-b"}`:                  false,
		`web: {state: stopped, settle: 10}`:                       false,
		`web: {state: stopped, settle: "10"}`:                     false,
		`web: {state: stopped, settle: -1s}`:                      false,
		`web: {state: stopped, on_paused: stop}`:                  false,
		`web: {state: stopped, retry: {first: 1s}}`:               false,
		`web: {state: stopped, restart_backoff: {first: 1s}}`:     false,
		`web: {state: stopped, suspend: yes}`:                     false,
		`web: {state: stopped, suspend: {}}`:                      true,
		`web: {state: stopped, suspend: {since: now}}`:            false,
		`web: {state: stopped, suspend: {until: 2026-12-01}}`:     false,
		`web: {state: stopped, suspend: {reason: "a\tb"}}`:        false,
		`web: {state: stopped, suspend: {by: "\x9b2J"}}`:          false,
		`web: {state: stopped, suspend: {by: "é\xa0🦆"}}`:          true,
		`web: {state: stopped, replica: 2}`:                       false,
		`web!: running`:                                           false,
		strings.Repeat("x", 63) + `: running`:                     true,
		strings.Repeat("x", 64) + `: running`:                     false,
		`web: {state: stopped, suspend: {until: 2026-13-01T1:1}}`: false,
	} {
		src := []byte("version: 1\nproject: shop\nservices: {" + entry + "}\n")
		if _, err := Parse("state.yaml", src); (err == nil) != good {
			t.Errorf("%s: the parser says %v", entry, err)
		}
		if err := v.Validate(asJSON(t, src)); (err == nil) != good {
			t.Errorf("%s: the schema says %v", entry, err)
		}
	}
}

// refusedKeys are the keys that the parser knows in order to refuse them.
var refusedKeys = []string{"compose"}

func TestTheSchemaHasTheKeysOfTheParserAndNoOthers(t *testing.T) {
	for pointer, known := range map[string][]string{
		"":                            documentKeys,
		"/defaults":                   defaultsKeys,
		"/services/a":                 serviceKeys,
		"/services/a/retry":           retryKeys,
		"/defaults/retry":             retryKeys,
		"/services/a/suspend":         suspendKeys,
		"/services/a/restart_backoff": backoffKeys,
		"/defaults/restart_backoff":   backoffKeys,
	} {
		got := properties(t, pointer)
		want := slices.DeleteFunc(slices.Clone(known), func(k string) bool { return slices.Contains(refusedKeys, k) })
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -parser +schema:\n%s", pointer, diff)
		}
	}
}

func TestEachKeyOfTheSchemaIsExplainedAndRead(t *testing.T) {
	src := must(os.ReadFile("testdata/good/every_key.yaml")) // which TestEveryKeyIsRead reads
	for pointer, places := range map[string][]string{
		"":                            {""},
		"/services/a":                 {"/services/scraper", "/services/backup"},
		"/services/a/retry":           {"/services/scraper/retry"},
		"/services/a/suspend":         {"/services/scraper/suspend"},
		"/services/a/restart_backoff": {"/services/scraper/restart_backoff"},
	} {
		var read []string
		for _, place := range places {
			value := asJSON(t, src)
			for _, step := range strings.Split(place, "/")[1:] {
				value = value.(map[string]any)[step]
			}
			read = slices.AppendSeq(read, maps.Keys(value.(map[string]any)))
		}
		for _, key := range properties(t, pointer) {
			if !slices.Contains(read, key) {
				t.Errorf("%s/%s: no test reads it", pointer, key)
			}
			if schemaAt(t, pointer+"/"+key)["description"] == nil {
				t.Errorf("%s/%s: no description", pointer, key)
			}
		}
	}
}

// properties are the keys that the schema knows at a place of the document, in
// alphabetical order.
func properties(t *testing.T, place string) []string {
	t.Helper()
	found, _ := mapping(schemaAt(t, place))["properties"].(map[string]any)
	if len(found) == 0 {
		t.Fatalf("%s: no properties", place)
	}
	return slices.Sorted(maps.Keys(found))
}

// schemaAt is the part of the schema for a place of the document.
func schemaAt(t *testing.T, place string) map[string]any {
	t.Helper()
	var at map[string]any
	if err := json.Unmarshal(Schema(), &at); err != nil {
		t.Fatal(err)
	}
	for _, step := range strings.Split(place, "/")[1:] {
		at = mapping(at)
		named, _ := at["properties"].(map[string]any)
		next, ok := named[step].(map[string]any)
		if !ok {
			next, ok = at["additionalProperties"].(map[string]any)
		}
		if !ok {
			t.Fatalf("%s: nothing at %s", place, step)
		}
		at = next
	}
	return at
}

// mapping is the alternative that is a mapping.
func mapping(at map[string]any) map[string]any {
	alternatives, _ := at["anyOf"].([]any)
	for _, a := range alternatives {
		if a := a.(map[string]any); a["type"] == "object" {
			return a
		}
	}
	return at
}
