package metrics

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"reconciler/engine"
)

// TestEachCallOfTheEngineHasItsLabel: one that is forgotten would be counted as
// something else.
func TestEachCallOfTheEngineHasItsLabel(t *testing.T) {
	var want []string
	for method := range reflect.TypeFor[engine.Engine]().Methods() {
		if method.Name != "Events" { // which has no answer to be timed
			want = append(want, strings.ToLower(method.Name))
		}
	}
	got := slices.Sorted(slices.Values(calls()))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("labels %v, methods %v", got, want)
	}
}
