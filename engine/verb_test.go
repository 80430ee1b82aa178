package engine

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheTableAndTheSetHaveTheSameVerbs(t *testing.T) {
	for _, v := range Verbs() {
		if !v.Known() {
			t.Errorf("%s has no row", v)
		}
	}
	if len(verbs) != len(Verbs()) {
		t.Errorf("%d rows for %v", len(verbs), Verbs())
	}
	for v, does := range verbs {
		if does.carry == nil || len(does.Events) == 0 {
			t.Errorf("%s can't be carried out, or is heard of by nothing: %+v", v, does)
		}
		if takesGrace := does.Lane == LaneStops; takesGrace != does.Ends {
			t.Errorf("%s ends something: %t, but waits in the lane of those that do: %t", v, does.Ends, takesGrace)
		}
		for action := range does.Events {
			if !slices.Contains(Actions(), action) {
				t.Errorf("%s causes %s, which is never delivered", v, action)
			}
		}
	}
}

func TestWhatAVerbDoesIsToldByTwoWords(t *testing.T) {
	for _, c := range []struct {
		does             Traits
		harmless, renews bool
	}{
		{Traits{}, true, false},
		{Traits{Begins: true}, true, false},
		{Traits{Ends: true}, false, false},
		{Traits{Removes: true}, false, false},
		{Traits{Begins: true, Ends: true}, false, true},
		{Traits{Begins: true, Removes: true}, false, false},
		{Traits{Ends: true, Removes: true}, false, false},
	} {
		if c.does.Harmless() != c.harmless || c.does.Renews() != c.renews {
			t.Errorf("%+v: harmless %t, renews %t", c.does, c.does.Harmless(), c.does.Renews())
		}
	}
}

// The port is nil: whoever asked it would panic.
func TestAnUnknownVerbIsTakenForTheMostDangerousAndDoesNothing(t *testing.T) {
	for _, v := range []Verb{"", "remove", "Start", "start "} {
		does := v.Traits()
		if v.Known() || does.Harmless() || !does.Ends || !does.Removes || does.Begins || does.Lane != LaneStops || len(does.Events) > 0 {
			t.Errorf("%q: %+v", v, does)
		}
		err := v.CarryOut(t.Context(), nil, "id", time.Second)
		if err == nil || !strings.Contains(err.Error(), `"`+string(v)+`"`) {
			t.Errorf("%q was carried out: %v", v, err)
		}
	}
}
