package containers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/driver"
	"reconciler/reconcile/own"
	"reconciler/reconcile/plan"
)

// call is a call to one container.
type call struct {
	*Driver
	service desired.Service // as it was decided about
	action  plan.Action
	before  engine.Container // likewise
}

var _ driver.Call = (*call)(nil)

// Action implements driver.Call.
func (c *call) Action() plan.Action { return c.action }

// Make implements driver.Call.
func (c *call) Make(ctx context.Context) error {
	if err := c.guard(c.action); err != nil {
		return err
	}
	defer c.opt.World.Expect(c.action.ID, c.action.Verb)()
	return c.action.Verb.CarryOut(ctx, c.opt.Engine, c.action.ID, c.grace())
}

// guard refuses each call to what this program runs in or depends on, but those
// that the table of verbs calls harmless: one that it doesn't know isn't. What
// was decided may be older than what is observed of ourselves.
func (d *Driver) guard(a plan.Action) error {
	if a.Verb.Traits().Harmless() {
		return nil
	}
	view := d.opt.World.View()
	guard, guarded := own.Guarded(d.opt.Self, view.Info, view.Containers)[a.ID]
	if !guarded {
		return nil
	}
	return fmt.Errorf("%w: %s", driver.ErrGuarded, guard.Not(a.Verb, a.Container, view.Info.Hands))
}

// grace is how long a stop waits before it kills: what the file says, else
// what the container says, else the engine's default.
func (c *call) grace() time.Duration {
	switch {
	case c.service.StopGracePeriod >= 0:
		return c.service.StopGracePeriod
	case c.before.StopTimeout > 0:
		return c.before.StopTimeout
	}
	return -1
}

// Result implements driver.Call.
func (c *call) Result(ctx context.Context, err error) plan.Result {
	r := plan.Result{Action: c.action, Before: c.before, Err: err, Hands: c.opt.World.View().Info.Hands}
	switch {
	case errors.Is(err, engine.ErrNotFound):
		r.Err, r.Void = nil, true
	case errors.Is(err, engine.ErrUnavailable):
		r.Void = true
	}
	r.Unseen = c.Refresh(ctx, c.action.ID) != nil
	if r.Err != nil {
		r.Lost = c.putBack(ctx)
		r.Holder = c.holder(ctx, err)
	}
	r.Now = c.opt.Now()
	return r
}

// putBack connects the container again to the networks that a start which failed
// has taken away (moby#51758), and looks again. It returns those that it could
// not put back.
func (c *call) putBack(ctx context.Context) plan.Lost {
	id := c.action.ID
	known := c.opt.World.View().Containers
	i := slices.IndexFunc(known, func(k engine.Container) bool { return k.ID == id })
	if i < 0 || known[i].State.Alive() || !known[i].State.Known() {
		return plan.Lost{}
	}
	lost := engine.Missing(c.before.Networks, known[i].Networks)
	if len(lost) == 0 {
		return plan.Lost{}
	}
	err := c.opt.Engine.Reconnect(ctx, id, lost)
	_ = c.Refresh(ctx, id) // else it is tried again by itself
	if err == nil {
		return plan.Lost{}
	}
	return plan.Lost{Networks: lost, Why: err}
}

// holder finds who has the port for which the call was refused; nil: it was
// refused for something else, or nobody can say.
func (c *call) holder(ctx context.Context, err error) *engine.Holder {
	var refusal *engine.Refusal
	if !errors.As(err, &refusal) || refusal.Kind != engine.PortTaken {
		return nil
	}
	holder, err := c.opt.Engine.Holder(ctx, plan.Asked(c.before, refusal.Port))
	if err != nil {
		return nil // the call's own error is what matters
	}
	return &holder
}
