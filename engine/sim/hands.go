package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"reconciler/engine"
)

// Spec is a container to create, and how it will behave. The zero value but
// for the name is one that was never started, and runs until it is stopped.
type Spec struct {
	Name   string
	Image  string
	Labels map[string]string
	// State is what it is already; empty: created. Since is when it came to
	// be so; zero: now.
	State    engine.State
	ExitCode int
	Since    time.Time

	Health      engine.Health // while it runs
	AutoRemove  bool
	IgnoresTerm bool
	StopTimeout time.Duration
	Lives       time.Duration // after each start it exits by itself after this; 0: never
	Code        int           // with this
	Always      bool          // the engine's restart policy
	Broken      string        // why no start succeeds; empty: they do
	Ports       []engine.Port
	Publishes   []engine.Port // that a start binds, and fails if they are bound
	Addresses   []netip.Addr  // in its networks, while it lives
	Networks    []string      // that it is connected to
	Unplugs     bool          // a start that fails for a port takes one of them away, as engine 29 does
	Mounts      []engine.Mount
	Shares      []string // IDs; each must run for a start to succeed
	Says        []string // lines that its process writes at each start
	Mute        bool     // its log can't be read: log driver "none"
}

// Create makes a container and returns its ID.
func (e *Engine) Create(spec Spec) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lookup(spec.Name) != nil {
		panic(fmt.Sprintf("sim: create %s: the name is taken", spec.Name))
	}
	if spec.AutoRemove && spec.Always {
		panic(fmt.Sprintf("sim: create %s: what removes itself can't be restarted by a policy", spec.Name))
	}
	e.created++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", spec.Name, e.created))
	at := spec.Since
	if at.IsZero() {
		at = e.now()
	}
	c := &box{spec: spec}
	c.ID, c.Name, c.Image = hex.EncodeToString(sum[:]), spec.Name, spec.Image
	c.Claim = engine.ReadClaim(spec.Labels)
	c.State, c.CreatedAt, c.AutoRemove, c.StopTimeout, c.Ports = engine.StateCreated, at, spec.AutoRemove, spec.StopTimeout, spec.Ports
	c.Publishes, c.Mounts, c.Shares = spec.Publishes, spec.Mounts, spec.Shares
	for _, name := range slices.Sorted(slices.Values(spec.Networks)) {
		c.Networks = append(c.Networks, engine.Network{Name: name, Settings: "as it was"})
	}
	e.containers[c.ID] = c
	e.emit(c, engine.ActionCreate, 0)
	switch spec.State {
	case "", engine.StateCreated:
		return c.ID
	case engine.StateRunning, engine.StatePaused, engine.StateRestarting:
		c.PID, c.StartedAt = 1000+e.created, at
		c.Addresses = spec.Addresses
		c.probed(spec.Health, at)
		e.begun(c)
	case engine.StateExited, engine.StateRemoving, engine.StateDead:
		c.StartedAt, c.FinishedAt, c.ExitCode = at, at, spec.ExitCode
		e.begun(c)
		e.ended(c)
	default: // one that this program doesn't know
	}
	c.State = spec.State
	return c.ID
}

// must finds a container, and holds the lock for do. What is due by the clock
// has happened before.
func (e *Engine) must(ref string, do func(*box)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tick()
	c := e.lookup(ref)
	if c == nil {
		panic("sim: no container " + ref)
	}
	do(c)
}

// Tick lets happen what is due by the clock.
func (e *Engine) Tick() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tick()
}

// Kill sends a signal to a container that lives, by somebody else's hand. All
// signals end it, but 15 where it ignores that.
func (e *Engine) Kill(ref string, signal int) {
	e.must(ref, func(c *box) {
		if !c.State.Alive() {
			return
		}
		e.emit(c, engine.ActionKill, signal)
		if signal == 15 && c.spec.IgnoresTerm {
			return
		}
		e.die(c, 128+signal, e.now())
		e.gone(c)
	})
}

// HandStop is `docker stop` by somebody else.
func (e *Engine) HandStop(ref string) {
	e.must(ref, e.stop)
}

// HandStart is `docker start` by somebody else.
func (e *Engine) HandStart(ref string) {
	e.must(ref, func(c *box) {
		if c.State == engine.StateCreated || c.State == engine.StateExited {
			e.run(c)
		}
	})
}

// Exit ends the container's process from within.
func (e *Engine) Exit(ref string, code int) {
	e.must(ref, func(c *box) {
		if c.State.Alive() {
			e.exit(c, code, e.now())
		}
	})
}

// Pause is `docker pause` by somebody else.
func (e *Engine) Pause(ref string) {
	e.must(ref, e.pause)
}

// HandUnpause is `docker unpause` by somebody else.
func (e *Engine) HandUnpause(ref string) {
	e.must(ref, e.unpause)
}

// Disconnect takes the container out of all its networks, as `docker network
// disconnect` does by somebody else's hand.
func (e *Engine) Disconnect(ref string) {
	e.must(ref, func(c *box) { c.Networks = nil })
}

// Remove is `docker rm -f` by somebody else.
func (e *Engine) Remove(ref string) {
	e.must(ref, func(c *box) {
		if c.State.Alive() {
			e.kill(c)
		}
		e.remove(c)
	})
}

// Rename is `docker rename` by somebody else.
func (e *Engine) Rename(ref, name string) {
	e.must(ref, func(c *box) {
		if e.lookup(name) != nil {
			panic("sim: rename: the name is taken: " + name)
		}
		old := c.Name
		c.Name = name
		e.emitRename(c, engine.ActionRename, 0, old)
	})
}

// SetHealth is the result of a healthcheck. The engine tells only of one that
// differs from the one before (moby: daemon/health.go).
func (e *Engine) SetHealth(ref string, h engine.Health) {
	e.must(ref, func(c *box) {
		was := c.Health
		c.probed(h, e.now())
		if h != was {
			e.emit(c, engine.ActionHealth, 0)
		}
	})
}

// SetState makes the container dead, removing or restarting: states that the
// engine gets into by itself, and of which it tells nothing.
func (e *Engine) SetState(ref string, s engine.State) {
	e.must(ref, func(c *box) { c.State = s })
}

// SetLives changes how long the container lives after each start, and with
// what code it ends.
func (e *Engine) SetLives(ref string, lives time.Duration, code int) {
	e.must(ref, func(c *box) { c.spec.Lives, c.spec.Code = lives, code })
}
