package sim

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"reconciler/engine"
)

// Occupy lets a process of the host have the port, until Vacate.
func (e *Engine) Occupy(p engine.Port, process string, pid int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.foreign = append(e.foreign, foreign{p, engine.Holder{Process: process, PID: pid}})
}

// Vacate ends all that Occupy said.
func (e *Engine) Vacate() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.foreign = nil
}

// foreign is a process of the host that has a port.
type foreign struct {
	port   engine.Port
	holder engine.Holder
}

// blocked returns why a start can't succeed now; nil: nothing is in the way. The
// caller holds e.mu.
func (e *Engine) blocked(c *box) error {
	if words := c.spec.Broken; words != "" {
		return &engine.Refusal{Kind: engine.CommandNotFound, Subject: "/broken", Words: words}
	}
	for _, id := range c.Shares {
		other := e.lookup(id)
		switch {
		case other == nil:
			return &engine.Refusal{Kind: engine.NamespaceGone, Subject: id, Words: "No such container: " + id}
		case !other.Running():
			return &engine.Refusal{
				Kind: engine.NamespaceDown, Subject: other.ID,
				Words: "cannot join network of a non running container: " + other.ID,
			}
		}
	}
	for _, p := range c.Publishes {
		if c.Unplugged {
			break // it binds nothing any more
		}
		if _, taken := e.holder(p, c); taken {
			words := fmt.Sprintf("Bind for 0.0.0.0:%d failed: port is already allocated", p.Host)
			c.Error = words
			if c.spec.Unplugs {
				c.Networks = c.Networks[min(1, len(c.Networks)):]
				c.Unplugged = len(c.Networks) == 0
			}
			// As 20.10, it doesn't tell the protocol nor the address.
			return &engine.Refusal{Kind: engine.PortTaken, Port: engine.Port{Host: p.Host}, Words: words}
		}
	}
	return nil
}

// holder is who has the port, but for that container; the caller holds e.mu.
func (e *Engine) holder(p engine.Port, but *box) (engine.Holder, bool) {
	for _, c := range e.sorted() {
		if c == but || !c.State.Alive() {
			continue
		}
		for _, q := range c.Publishes {
			if p.Overlaps(q) {
				return engine.Holder{Container: c.Name, Project: c.Claim.Project}, true
			}
		}
	}
	for _, f := range e.foreign {
		if p.Overlaps(f.port) {
			return f.holder, true
		}
	}
	return engine.Holder{}, false
}

// Reconnect implements engine.Engine.
func (e *Engine) Reconnect(ctx context.Context, id string, networks []engine.Network) error {
	return e.change(ctx, "reconnect", id, func(c *box) error {
		c.Networks = slices.Concat(c.Networks, engine.Missing(networks, c.Networks))
		slices.SortFunc(c.Networks, func(a, b engine.Network) int { return cmp.Compare(a.Name, b.Name) })
		c.Unplugged = c.Unplugged && len(c.Networks) == 0
		return nil
	})
}

// Holder implements engine.Engine.
func (e *Engine) Holder(ctx context.Context, p engine.Port) (engine.Holder, error) {
	if err := e.enter(ctx, "holder", fmt.Sprint(p.Host)); err != nil {
		return engine.Holder{}, err
	}
	defer e.mu.Unlock()
	h, _ := e.holder(p, nil)
	return h, nil
}
