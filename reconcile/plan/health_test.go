package plan

import (
	"testing"
	"time"

	"reconciler/engine"
)

func TestHealth(t *testing.T) {
	// checked is a look 100 seconds after noon at a container that runs since
	// noon, of which the last healthcheck ended then.
	checked := func(h engine.Health, ended int) look {
		return seen(100, engine.StateRunning, 1, 0).with(func(l *look) { l.is.Health, l.is.HealthAt = h, at(ended) })
	}
	back := func(l look) look { return l.with(func(l *look) { l.reborn = true }) }
	run := at(1)
	fine := health{run: run, from: at(10), base: at(9)}
	ill := health{run: run, from: at(10), base: at(9), sick: at(50)}
	vague := health{run: run, from: at(10), base: at(9), old: true}
	fresh := health{run: run, from: at(100), base: at(90)}
	for name, c := range map[string]struct {
		from health
		l    look
		want health
	}{
		"it is seen the first time, and counts from then on": {health{}, checked(engine.HealthUnhealthy, 90), fresh},
		"it doesn't tell since when it runs":                 {health{}, checked(engine.HealthUnhealthy, 90).with(func(l *look) { l.is.StartedAt = time.Time{} }), health{from: at(100), base: at(90)}},
		"it doesn't run":                                     {ill, seen(100, engine.StatePaused, 1, 0), health{}},
		"it was started again":                               {ill, checked(engine.HealthUnhealthy, 90).with(func(l *look) { l.is.StartedAt = at(99) }), health{run: at(99), from: at(100), base: at(90)}},
		"it is well":                                         {ill, checked(engine.HealthHealthy, 90), fresh},
		"it becomes unhealthy":                               {fine, checked(engine.HealthUnhealthy, 90), health{run: run, from: at(10), base: at(9), sick: at(100)}},
		"it is said to be, but by no new healthcheck":        {fine, checked(engine.HealthUnhealthy, 9), fine},
		"it still is":                                        {ill, checked(engine.HealthUnhealthy, 90), ill},
		"the engine was away: what it says is old":           {fine, back(checked(engine.HealthUnhealthy, 90)), health{run: run, from: at(100), base: at(90), old: true}},
		"the engine was away, and there is no healthcheck":   {fine, back(checked(engine.HealthNone, 90)), fresh},
		"the engine was away, and this run is new":           {health{}, back(checked(engine.HealthUnhealthy, 90)), fresh},
		"old, and no healthcheck ended since":                {vague, checked(engine.HealthHealthy, 9), vague},
		"old no more, and well":                              {vague, checked(engine.HealthHealthy, 90), fresh},
		"old no more, and unhealthy":                         {vague, checked(engine.HealthUnhealthy, 90), health{run: run, from: at(10), base: at(9), sick: at(100)}},
	} {
		t.Run(name, func(t *testing.T) { same(t, c.from.look(&c.l), c.want) })
	}
	if got := fine.well(at(20), at(100)); got != 80*time.Second {
		t.Errorf("well for %s, want until now", got)
	}
	if got := ill.well(at(20), at(100)); got != 30*time.Second {
		t.Errorf("well for %s, want until it became ill", got)
	}
}
