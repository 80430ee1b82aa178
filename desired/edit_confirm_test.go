package desired

import (
	"strings"
	"testing"
)

// An edit is believed only when its bytes, read again, say what was wanted and
// nothing else.
func TestAnEditThatWouldChangeMoreThanItIsAskedIsRefused(t *testing.T) {
	const was = "version: 1\nproject: shop\ncontainer_name: \"shop-{service}\"\nservices:\n  db: running\n  web: running\ngroups:\n  all: [db, web]\n"
	before := mustParse(t, was)
	want, err := wanted(before, []Change{flipped("web", Stopped)})
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(was, "web: running", "web: stopped", 1)
	if err := confirm([]byte(edited), before, want); err != nil {
		t.Fatalf("the edit that was asked for: %v", err)
	}
	for name, swap := range map[string][2]string{
		"another service too": {"db: running", "db: stopped"},
		"not the service":     {"web: stopped", "web: running"},
		"a group":             {"[db, web]", "[db]"},
		"the project":         {"project: shop", "project: chop"},
		"the template":        {"shop-{service}", "chop-{service}"},
	} {
		t.Run(name, func(t *testing.T) {
			other := strings.Replace(edited, swap[0], swap[1], 1)
			if other == edited {
				t.Fatalf("%q isn't in the file", swap[0])
			}
			if err := confirm([]byte(other), before, want); err == nil || !strings.Contains(err.Error(), "would change more than it") {
				t.Errorf("got %v; want that it would change more", err)
			}
		})
	}
	if err := confirm([]byte(edited+"x"), before, want); err == nil || !strings.Contains(err.Error(), "would be invalid") {
		t.Errorf("got %v; want that it would be invalid", err)
	}
}
