package own

import (
	"strings"
	"testing"

	"reconciler/engine"
	"reconciler/engine/docker/hands"
)

// strange is a member of none of the closed sets.
const strange = "strange"

func TestWhatIsOfAnUnknownKindIsToldToo(t *testing.T) {
	for name, got := range map[string]string{
		"a role":      Guard{Role: strange}.String(),
		"a sign":      Guard{Role: RoleSelf, Sign: strange}.String(),
		"a trouble":   Trouble{Kind: strange}.Message(),
		"a doubt":     Doubt{Kind: strange}.Message(),
		"an orphan":   Orphan{Kind: strange}.Message(),
		"an obstacle": Obstacle{Kind: strange}.Message("web-1", engine.Hands{}),
	} {
		if !strings.Contains(got, `"strange", which is not known here`) {
			t.Errorf("%s says %s", name, got)
		}
	}
	if guard, doubt := (Guard{}).String(), (Doubt{}).Message(); guard == "" || doubt != "" {
		t.Errorf("a guard without a role says %q, no doubt says %q", guard, doubt)
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
		if got := (Guard{Role: RoleSelf}).Not(verb, "web-1", hands.Docker()); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}
