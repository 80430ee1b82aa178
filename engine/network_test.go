package engine

import (
	"reflect"
	"testing"
)

func TestANetworkIsMissingByItsName(t *testing.T) {
	front, back := Network{Name: "front", Settings: "a"}, Network{Name: "back", Settings: "b"}
	for name, c := range map[string]struct{ networks, has, want []Network }{
		"none wanted":             {nil, []Network{front}, nil},
		"all there":               {[]Network{front, back}, []Network{back, {Name: "front"}}, nil},
		"none there":              {[]Network{front, back}, nil, []Network{front, back}},
		"one there, and a third":  {[]Network{front, back}, []Network{{Name: "db"}, front}, []Network{back}},
		"the settings of another": {[]Network{front}, []Network{{Name: "back", Settings: "a"}}, []Network{front}},
	} {
		if got := Missing(c.networks, c.has); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
