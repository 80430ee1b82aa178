package plan

import (
	"testing"
	"time"

	"reconciler/desired"
	"reconciler/engine"
)

func TestCrashes(t *testing.T) {
	runs := seen(50, engine.StateRunning, 10, 0)
	died := seen(60, engine.StateExited, 10, 59).after(runs)
	over := seen(60, engine.StateExited, 58, 59).after(seen(50, engine.StateExited, 10, 20)) // started and ended, unseen
	long := seen(700, engine.StateExited, 10, 610).after(runs)
	change := func(l look, f func(*look)) look { return l.with(f) }
	busy := func(l *look) { l.busy = true }
	back := func(l *look) { l.reborn = true }
	touched := func(second int) func(*look) { return func(l *look) { l.touched = at(second) } }
	job := func(code int) func(*look) {
		return func(l *look) { l.service.State, l.service.Job, l.is.ExitCode = desired.Completed, true, code }
	}
	alive := crashes{count: 2, life: lifeSeen, death: deathCrash, counted: at(5)}
	ending := crashes{count: 2, life: lifeEnding, counted: at(5)}
	unseen := crashes{count: 2, counted: at(5)}
	counted := func(count int, as death) crashes { return crashes{count: count, death: as, counted: at(59)} }
	for name, c := range map[string]struct {
		from crashes
		l    look
		well time.Duration
		want crashes
	}{
		"it runs": {unseen, runs, 599 * time.Second, crashes{count: 2, life: lifeSeen, counted: at(5)}},
		"it runs well for long: all is forgotten": {alive, runs, 600 * time.Second, crashes{life: lifeSeen, death: deathCrash, counted: at(5)}},
		"it is paused for long":                   {alive, seen(50, engine.StatePaused, 10, 0), time.Hour, alive},
		"what we stopped lives":                   {ending, runs, 0, crashes{count: 2, life: lifeSeen, counted: at(5)}},
		"what others ended was started again":     {crashes{1, lifeUnseen, deathAsked, at(5)}, runs, 0, crashes{1, lifeSeen, deathCrash, at(5)}},
		"it died":                                 {alive, died, 0, counted(3, deathCrash)},
		"it died after it had run for long":       {alive, long, 0, crashes{1, lifeUnseen, deathCrash, at(610)}},
		"others had asked it to":                  {alive, change(died, touched(11)), 0, counted(3, deathAsked)},
		"others had asked its last run to":        {alive, change(died, touched(10)), 0, counted(3, deathCrash)},
		"it died while a call is under way":       {alive, change(died, busy), 0, alive},
		"it is looked at again":                   {counted(3, deathCrash), died, 0, counted(3, deathCrash)},
		"it died by our stop":                     {ending, died, 0, counted(2, deathNone)},
		"it died and isn't wanted running":        {alive, change(died, func(l *look) { l.service.State = desired.Stopped }), 0, counted(2, deathNone)},
		"a job is done":                           {alive, change(died, job(0)), 0, counted(2, deathNone)},
		"a job failed":                            {alive, change(died, job(1)), 0, counted(3, deathCrash)},
		"it is found dead":                        {crashes{}, change(died, func(l *look) { l.was = sight{} }), 0, counted(0, deathNone)},
		"it is found dead after a boot":           {unseen, change(died, back), 0, counted(2, deathNone)},
		"its run was over before it was seen":     {unseen, over, 0, counted(3, deathCrash)},
		"but we had stopped it":                   {ending, over, 0, counted(2, deathNone)},
		"but the engine was away":                 {unseen, change(over, back), 0, counted(2, deathNone)},
		"it is being removed":                     {alive, seen(60, engine.StateRemoving, 10, 59).after(runs), 0, alive},
		"an unknown life stays":                   {crashes{life: muddle}, died, 0, crashes{life: muddle}},
		"an unknown death stays":                  {crashes{death: muddle}, runs, 0, crashes{death: muddle}},
	} {
		t.Run(name, func(t *testing.T) { same(t, c.from.look(&c.l, c.well), c.want) })
	}
	for name, c := range map[string]struct{ from, want crashes }{
		"the engine was away":                        {alive, crashes{2, lifeUnseen, deathCrash, at(5)}},
		"and we had stopped it":                      {ending, ending},
		"it was the engine's own end that asked":     {counted(3, deathAsked), counted(2, deathNone)},
		"others had asked, and it was started since": {crashes{3, lifeUnseen, deathAsked, at(5)}, crashes{3, lifeUnseen, deathCrash, at(5)}},
	} {
		t.Run(name, func(t *testing.T) { same(t, c.from.reborn(&died.is), c.want) })
	}
	for name, c := range map[string]struct {
		verb  engine.Verb
		how   string
		cause Cause
		from  crashes
		want  crashes
	}{
		"our stop":                          {engine.VerbStop, "succeeded", CauseRunning, alive, crashes{2, lifeEnding, deathCrash, at(5)}},
		"our stop fails":                    {engine.VerbStop, "failed", CauseRunning, alive, alive},
		"nobody knows whether our stop did": {engine.VerbStop, "unanswered", CauseRunning, alive, alive},
		"our restart":                       {engine.VerbRestart, "succeeded", CauseRequested, alive, alive},
		"our unpause":                       {engine.VerbUnpause, "succeeded", CausePaused, alive, alive},
		"our restart of what is unhealthy":  {engine.VerbRestart, "succeeded", CauseUnhealthy, alive, crashes{3, lifeSeen, deathCrash, at(5)}},
		"our restart after its parent's":    {engine.VerbRestart, "succeeded", CauseParent, alive, crashes{3, lifeSeen, deathCrash, at(5)}},
		"that restart fails":                {engine.VerbRestart, "failed", CauseUnhealthy, alive, alive},
		"our start of what we stopped":      {engine.VerbStart, "succeeded", CauseExited, ending, unseen},
		"there was nothing to stop":         {engine.VerbStop, "gone", CauseRunning, alive, alive},
	} {
		t.Run(name, func(t *testing.T) {
			r := results(c.verb)[c.how]
			r.Action.Cause = c.cause
			same(t, c.from.after(&r), c.want)
		})
	}
	t.Run("forgiven", func(t *testing.T) {
		same(t, crashes{3, lifeSeen, deathAsked, at(5)}.forgiven(), crashes{0, lifeSeen, deathNone, at(5)})
	})
}
