package observed

import (
	"testing"

	"reconciler/engine"
)

// An event that says how a healthcheck went can be lost; the list tells it,
// where it shows health at all.
func TestAResyncFindsAHealthThatNoEventTold(t *testing.T) {
	w := newWorld(t, "web", "db")
	w.SetHealth("web", engine.HealthHealthy)
	w.settle(t)
	w.Calls()

	listed := engine.HealthNone
	w.list = func(list []engine.Summary) []engine.Summary {
		for i := range list {
			if list[i].Name == "web" {
				list[i].Health = listed
			}
		}
		return list
	}
	w.resync(t)
	w.wantCalls(t, map[string]int{"list": 1, "inspect": 1}) // it shows none: no reason to look

	listed = engine.HealthHealthy
	w.resync(t)
	w.wantCalls(t, map[string]int{"list": 1, "inspect": 1})

	listed = engine.HealthUnhealthy
	w.amend = func(c *engine.Container) {
		if c.Name == "web" {
			c.Health = engine.HealthUnhealthy
		}
	}
	w.resync(t)
	w.wantCalls(t, map[string]int{"list": 1, "inspect": 2})
	if c := w.View().Containers[1]; c.Name != "web" || c.Health != engine.HealthUnhealthy {
		t.Errorf("%s is %s in the view; want web unhealthy", c.Name, c.Health)
	}
}
