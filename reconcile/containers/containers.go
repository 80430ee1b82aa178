// Package containers is the driver.Driver of engines whose unit is the container:
// a service has some, each is a replica of it, and calls are made to one of them.
// Whose a container is says reconcile/own, what is done to it reconcile/plan;
// here both are put to what is observed, and the calls are made.
package containers

import (
	"context"
	"fmt"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/observed"
	"reconciler/reconcile/driver"
	"reconciler/reconcile/own"
)

// Options says what to drive. Engine and World are required.
type Options struct {
	Engine engine.Engine
	World  *observed.Observer // of the same engine
	Now    func() time.Time   // nil: time.Now
	Self   engine.Self        // what is never stopped or restarted follows from it
}

// Driver drives the containers of one project. Its methods may be called by any
// number of goroutines at once.
type Driver struct{ opt Options }

var _ driver.Driver = (*Driver)(nil)

// New returns a Driver. It asks nothing yet.
func New(opt Options) *Driver {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Driver{opt}
}

// Once returns a Driver for whoever has no observer that runs: it looks at the
// document's project once, and knows nothing of what happens afterwards. Error:
// engine.ErrUnavailable.
func Once(ctx context.Context, e engine.Engine, self engine.Self, doc *desired.Document) (*Driver, error) {
	world := observed.New(observed.Options{
		Engine: e, Project: doc.Project, Names: func() map[string]bool { return Names(doc) }, Self: self,
	})
	if _, err := world.Once(ctx); err != nil {
		return nil, fmt.Errorf("look at project %s: %w", doc.Project, err)
	}
	return New(Options{Engine: e, World: world, Self: self}), nil
}

// LookNow implements driver.Driver.
func (d *Driver) LookNow() { d.opt.World.LookNow() }

// Refresh implements driver.Driver.
func (d *Driver) Refresh(ctx context.Context, id string) error { return d.opt.World.Refresh(ctx, id) }

// Names returns the names under which containers without Compose's labels may
// belong to a service of the document.
func Names(doc *desired.Document) map[string]bool {
	names := make(map[string]bool)
	for _, s := range doc.Services {
		switch {
		case s.Container != "":
			names[s.Container] = true
		case doc.ContainerName != "":
			names[own.TemplateName(doc.ContainerName, s)] = true
		}
	}
	return names
}
