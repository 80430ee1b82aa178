package desired

import (
	"testing"
	"time"
)

func TestASuspensionHoldsUntilItsEndAndNoLonger(t *testing.T) {
	end := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		suspend *Suspend
		now     time.Time
		held    bool
	}{
		"none":            {nil, end, false},
		"before its end":  {&Suspend{Until: end, By: "ann", Reason: "debugging"}, end.Add(-1), true},
		"at its end":      {&Suspend{Until: end, By: "ann", Reason: "debugging"}, end, false},
		"after its end":   {&Suspend{Until: end, By: "ann", Reason: "debugging"}, end.Add(1), false},
		"without an end":  {&Suspend{By: "ann"}, end, true},
		"without a clock": {&Suspend{Until: end}, time.Time{}, true},
	} {
		want := Intent{State: Completed}
		if test.held {
			want = Intent{State: Completed, Held: true, Until: test.suspend.Until, By: test.suspend.By, Reason: test.suspend.Reason}
		}
		if got := (Service{State: Completed, Suspend: test.suspend}).At(test.now); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
