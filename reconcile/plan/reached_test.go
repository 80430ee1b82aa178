package plan

import (
	"testing"

	"reconciler/desired"
	"reconciler/engine"
)

func TestReached(t *testing.T) {
	wanted := func(s desired.State, job bool, l look) look {
		return l.with(func(l *look) { l.service.State, l.service.Job = s, job })
	}
	runs, ended := seen(9, engine.StateRunning, 1, 0), seen(9, engine.StateExited, 1, 2)
	for name, c := range map[string]struct {
		l    look
		want reached
	}{
		"it should run, and does":           {wanted(desired.Running, false, runs), true},
		"it should run, and is paused":      {wanted(desired.Running, false, seen(9, engine.StatePaused, 1, 0)), false},
		"it should run, and doesn't":        {wanted(desired.Running, false, ended), false},
		"a job is at work":                  {wanted(desired.Completed, true, runs), true},
		"a job is done":                     {wanted(desired.Completed, true, ended), true},
		"a job was never started":           {wanted(desired.Completed, true, seen(9, engine.StateCreated, 0, 0)), false},
		"a job failed":                      {wanted(desired.Completed, true, ended.with(func(l *look) { l.is.ExitCode = 1 })), false},
		"it should be stopped, and runs":    {wanted(desired.Stopped, false, runs), false},
		"it should be stopped, and is":      {wanted(desired.Stopped, false, ended), true},
		"it runs while a call is under way": {wanted(desired.Running, false, runs.with(func(l *look) { l.busy = true })), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reached(false).look(&c.l); got != c.want {
				t.Errorf("reached %t, want %t", got, c.want)
			}
			if !reached(true).look(&c.l) {
				t.Error("what was reached isn't any more")
			}
		})
	}
	for how, r := range results(engine.VerbStart) {
		if got := reached(false).after(&r); bool(got) != (how == "succeeded") {
			t.Errorf("a call %s: reached %t", how, got)
		}
		if !reached(true).after(&r) {
			t.Errorf("a call %s: what was reached isn't any more", how)
		}
	}
}
