package own

import (
	"strings"
	"testing"

	"reconciler/engine"
)

func TestATroubleOfAnUnknownKindIsToldToo(t *testing.T) {
	for _, trouble := range []Trouble{{Kind: "new", Service: "web"}, {Kind: "new", Service: "web", Containers: []engine.Container{box("p-web-1")}}} {
		if got := trouble.Message(); !strings.Contains(got, "nothing is done") || !strings.Contains(got, "services.web") {
			t.Errorf("%+v: %q", trouble, got)
		}
	}
	if got := (Trouble{}).Message(); got != "" {
		t.Errorf("no trouble says %q", got)
	}
}
