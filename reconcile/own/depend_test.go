package own

import (
	"maps"
	"testing"
	"time"

	"reconciler/engine"
)

func TestWhoDependsAndWhoIsDependedOnHearOfEachChange(t *testing.T) {
	noon := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	was := func() Neighbour {
		c := box("p-1", func(c *engine.Container) { c.StartedAt, c.Health = noon, engine.HealthHealthy })
		return Neighbour{Containers: []engine.Container{c}}
	}
	on := []engine.Dependency{{Service: "db", Condition: engine.Started}}
	with := func(web, db Neighbour) Neighbours {
		web.DependsOn = on
		return Neighbours{services: map[string]Neighbour{"web": web, "db": db, "other": was()}}
	}
	for name, change := range map[string]func(n *Neighbour){
		"":                             func(*Neighbour) {},
		"it is another":                func(n *Neighbour) { n.Containers[0].ID = "another" },
		"its state":                    func(n *Neighbour) { n.Containers[0].State = engine.StateExited },
		"its health":                   func(n *Neighbour) { n.Containers[0].Health = engine.HealthUnhealthy },
		"its exit code":                func(n *Neighbour) { n.Containers[0].ExitCode = 1 },
		"when it was started":          func(n *Neighbour) { n.Containers[0].StartedAt = noon.Add(1) },
		"one is gone":                  func(n *Neighbour) { n.Containers = nil },
		"the job is done":              func(n *Neighbour) { n.Done = true },
		"it can't be told whose it is": func(n *Neighbour) { n.Held = true },
	} {
		t.Run(name, func(t *testing.T) {
			changed := was()
			change(&changed)
			for _, c := range []struct {
				now    Neighbours
				moved  string // who hears of it
				before Neighbours
			}{
				{with(was(), changed), "web", with(was(), was())},
				{with(was(), was()), "web", with(was(), changed)},
				{with(changed, was()), "db", with(was(), was())},
			} {
				want := map[string]bool{c.moved: true}
				if name == "" {
					want = map[string]bool{}
				}
				if got := c.now.Moved(c.before); !maps.Equal(got, want) {
					t.Errorf("moved %v, want %v", got, want)
				}
			}
		})
	}
}
