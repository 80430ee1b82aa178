package sim

import (
	"cmp"
	"slices"
	"time"

	"reconciler/engine"
)

// All here hold e.mu.

// run starts the container's process.
func (e *Engine) run(c *box) {
	e.created++
	c.State, c.PID, c.StartedAt = engine.StateRunning, 1000+e.created, e.now()
	c.ExitCode, c.Error, c.OOMKilled, c.Restarts = 0, "", false, 0
	if c.Addresses = c.spec.Addresses; c.Unplugged {
		c.Addresses = nil
	}
	c.dieAt = time.Time{}
	if c.spec.Lives > 0 {
		c.dieAt = c.StartedAt.Add(c.spec.Lives)
	}
	e.begun(c)
	e.emit(c, engine.ActionStart, 0)
	e.probe(c)
}

// probe makes the container's healthcheck, if it has one.
func (e *Engine) probe(c *box) {
	c.HealthAt = time.Time{}
	c.probed(c.spec.Health, e.now())
	if c.Health == engine.HealthHealthy || c.Health == engine.HealthUnhealthy {
		e.emit(c, engine.ActionHealth, 0)
	}
}

// probed takes in the result of a healthcheck.
func (c *box) probed(h engine.Health, at time.Time) {
	if c.Health = h; h == engine.HealthHealthy || h == engine.HealthUnhealthy {
		c.HealthAt = at
	}
}

// unprobed ends the healthchecks: the engine then says unhealthy, of a paused
// container too (moby: daemon/container/health.go).
func (c *box) unprobed() {
	if c.Health != engine.HealthNone {
		c.Health = engine.HealthUnhealthy
	}
}

// pause holds a container that runs.
func (e *Engine) pause(c *box) {
	if c.State == engine.StateRunning {
		c.State = engine.StatePaused
		c.unprobed()
		e.write(c, "paused")
		e.emit(c, engine.ActionPause, 0)
	}
}

// unpause lets a paused container go on.
func (e *Engine) unpause(c *box) {
	if c.State == engine.StatePaused {
		c.State = engine.StateRunning
		e.write(c, "unpaused")
		e.emit(c, engine.ActionUnpause, 0)
		e.probe(c)
	}
}

// stop stops a container that lives, and removes what removes itself.
func (e *Engine) stop(c *box) {
	if c.State.Alive() {
		e.halt(c)
		e.gone(c)
	}
}

// halt asks the process to end, and kills it if it doesn't.
func (e *Engine) halt(c *box) {
	e.emit(c, engine.ActionKill, 15)
	if c.State == engine.StatePaused {
		c.State = engine.StateRunning
		e.emit(c, engine.ActionUnpause, 0) // or it would not hear the signal
	}
	if c.spec.IgnoresTerm {
		e.kill(c)
		return
	}
	e.die(c, 143, e.now())
}

// kill ends the process with signal 9.
func (e *Engine) kill(c *box) {
	e.emit(c, engine.ActionKill, 9)
	e.die(c, 137, e.now())
}

// die ends the process.
func (e *Engine) die(c *box, code int, at time.Time) {
	c.State, c.PID, c.ExitCode, c.FinishedAt, c.dieAt = engine.StateExited, 0, code, at, time.Time{}
	c.Addresses = nil
	c.unprobed()
	e.ended(c)
	e.emit(c, engine.ActionDie, 0)
}

// gone removes what removes itself.
func (e *Engine) gone(c *box) {
	if c.AutoRemove {
		e.remove(c)
	}
}

func (e *Engine) remove(c *box) {
	delete(e.containers, c.ID)
	e.emit(c, engine.ActionDestroy, 0)
}

// exit ends the process from within, which is what the restart policy is for.
func (e *Engine) exit(c *box, code int, at time.Time) {
	e.die(c, code, at)
	e.gone(c)
	if c.spec.Always {
		restarts := c.Restarts + 1
		e.run(c)
		c.Restarts = restarts
	}
}

// tick lets happen what is due by the clock, the earliest first.
func (e *Engine) tick() {
	now := e.now()
	var due []*box
	for _, c := range e.containers {
		if !c.dieAt.IsZero() && !now.Before(c.dieAt) {
			due = append(due, c)
		}
	}
	slices.SortFunc(due, func(a, b *box) int {
		return cmp.Or(a.dieAt.Compare(b.dieAt), cmp.Compare(a.Name, b.Name))
	})
	for _, c := range due {
		e.exit(c, c.spec.Code, c.dieAt)
	}
}
