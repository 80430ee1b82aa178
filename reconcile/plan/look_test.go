package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reconciler/desired"
	"reconciler/engine"
)

// at is so many seconds after noon.
func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// seen is a look, at some time, at a container in that state, which was started
// and ended then; zero seconds: never. It is wanted running.
func seen(now int, state engine.State, started, finished int) look {
	l := look{now: at(now), service: desired.Service{
		State: desired.Running, RestartBackoff: desired.RestartBackoff{ResetAfter: 10 * time.Minute},
	}}
	l.is.State = state
	if started != 0 {
		l.is.StartedAt = at(started)
	}
	if finished != 0 {
		l.is.FinishedAt = at(finished)
	}
	l.print = fingerprintOf(&l.is)
	l.was = sight{print: l.print, since: l.now, began: l.is.StartedAt} // as it is
	return l
}

// with is the look changed by f.
func (l look) with(f func(*look)) look {
	f(&l)
	l.print = fingerprintOf(&l.is)
	return l
}

// after is the look, following another one.
func (l look) after(before look) look {
	return l.with(func(l *look) { l.was = sight{before.print, before.now, before.is.StartedAt} })
}

// first is the look, following none.
func (l look) first() look { return l.with(func(l *look) { l.was = sight{} }) }

// same fails the test unless a transition led where it should.
func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, whole...); diff != "" {
		t.Errorf("it became (-want +got):\n%s", diff)
	}
}

func TestALookSeesWhetherAnythingHappened(t *testing.T) {
	before := seen(1, engine.StateRunning, -60, -90)
	for name, c := range map[string]struct {
		l    look
		want bool
	}{
		"nothing":                   {seen(2, engine.StateRunning, -60, -90).after(before), false},
		"nothing, in another zone":  {seen(2, engine.StateRunning, -60, -90).with(func(l *look) { l.is.StartedAt = l.is.StartedAt.In(time.FixedZone("", 3600)) }).after(before), false},
		"it was paused":             {seen(2, engine.StatePaused, -60, -90).after(before), true},
		"it was started again":      {seen(2, engine.StateRunning, -10, -90).after(before), true},
		"it ended and was started":  {seen(2, engine.StateRunning, -60, -80).after(before), true},
		"it is seen the first time": {before.first(), true},
	} {
		if got := c.l.changed(); got != c.want {
			t.Errorf("%s: changed %t, want %t", name, got, c.want)
		}
	}
}

func TestSight(t *testing.T) {
	was := seen(1, engine.StateRunning, -60, 0)
	known := sight{was.print, at(1), at(-60)}
	died := seen(9, engine.StateExited, -60, 8)
	again := seen(9, engine.StateRunning, 8, 7).after(was)
	busy := again.with(func(l *look) { l.busy = true })
	for name, c := range map[string]struct {
		from sight
		l    look
		want sight
	}{
		"it is seen the first time":           {sight{}, died.first(), sight{died.print, at(9), at(-60)}},
		"and then, while a call is under way": {sight{}, busy.first(), sight{again.print, at(9), at(8)}},
		"nothing happened":                    {known, seen(9, engine.StateRunning, -60, 0).after(was), known},
		"it died":                             {known, died.after(was), sight{died.print, at(9), at(-60)}},
		"it was started again":                {known, again, sight{again.print, at(9), at(8)}},
		"by a call that is still under way":   {known, busy, sight{again.print, at(9), at(-60)}},
		"and the engine was away":             {known, busy.with(func(l *look) { l.reborn = true }), sight{again.print, at(9), at(8)}},
	} {
		t.Run(name, func(t *testing.T) { same(t, c.from.look(&c.l), c.want) })
	}
}
