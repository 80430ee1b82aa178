package plan

import (
	"testing"
	"time"

	"reconciler/engine"
)

func TestPolicy(t *testing.T) {
	// restarted is a look at a container that the engine has restarted so often.
	restarted := func(now, times int, state engine.State) look {
		return seen(now, state, 1, 2).with(func(l *look) { l.is.Restarts, l.is.ExitCode = times, 3 })
	}
	known := policy{restarts: 5, lately: []time.Time{at(10)}, died: "which exited with code 3"}
	for name, c := range map[string]struct {
		from policy
		l    look
		want policy
	}{
		"it is seen the first time: nobody knows when": {policy{}, restarted(20, 5, engine.StateRunning).first(), policy{restarts: 5}},
		"nothing happened": {known, restarted(20, 5, engine.StateRunning), known},
		"once more":        {known, restarted(20, 6, engine.StateRunning), policy{6, []time.Time{at(10), at(20)}, known.died}},
		"very often: no more than matter are kept": {known, restarted(20, 99, engine.StateRunning), policy{99, []time.Time{at(20), at(20), at(20)}, known.died}},
		"the oldest is forgotten":                  {policy{5, []time.Time{at(10), at(11), at(12)}, ""}, restarted(20, 6, engine.StateRunning), policy{6, []time.Time{at(11), at(12), at(20)}, ""}},
		"just within the window":                   {known, restarted(609, 5, engine.StateRunning), known},
		"long ago":                                 {known, restarted(610, 5, engine.StateRunning), policy{5, nil, known.died}},
		"the engine was away: nobody knows when":   {known, restarted(20, 9, engine.StateRunning).with(func(l *look) { l.reborn = true }), policy{9, known.lately, known.died}},
		"somebody started it anew":                 {known, restarted(20, 0, engine.StateRunning), policy{0, known.lately, known.died}},
		"how it died, while it is restarted":       {policy{}, restarted(20, 0, engine.StateRestarting), policy{died: known.died}},
		"how it died, given up":                    {policy{}, restarted(20, 0, engine.StateExited), policy{died: known.died}},
	} {
		t.Run(name, func(t *testing.T) {
			before := append([]time.Time(nil), c.from.lately...)
			same(t, c.from.look(&c.l), c.want)
			same(t, c.from.lately, before) // never changed in place
		})
	}
}
