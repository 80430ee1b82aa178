package own

import (
	"strings"
	"testing"

	"reconciler/engine"
)

// strange is a member of none of the closed sets.
const strange = "strange"

func TestAGuardOfAnUnknownKindIsToldToo(t *testing.T) {
	for _, g := range []Guard{{Role: strange}, {Role: RoleSelf, Sign: strange}, {}} {
		kind := string(g.Role)
		if g.Sign != "" {
			kind = string(g.Sign)
		}
		if got := g.String(); !strings.Contains(got, `"`+kind+`", which is not known here`) {
			t.Errorf("%+v says %s", g, got)
		}
	}
}

func TestWhatIsNotDoneIsToldOfEachVerb(t *testing.T) {
	for _, verb := range append(engine.Verbs(), strange) {
		want := `web-1 is the container in which reconciler runs: "` + string(verb) + `" is not done to it from here`
		switch verb {
		case engine.VerbStop:
			want = "web-1 is the container in which reconciler runs: it is not stopped from here; stop it by hand: docker stop web-1"
		case engine.VerbRestart:
			want = "web-1 is the container in which reconciler runs: it is not restarted from here; restart it by hand: docker restart web-1"
		case engine.VerbStart, engine.VerbUnpause:
		}
		if got := (Guard{Role: RoleSelf}).Not(verb, "web-1"); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}
