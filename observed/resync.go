package observed

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"reconciler/engine"
)

// Resync lists everything, and inspects what differs from the view and what
// the list can't show.
func (o *Observer) Resync(ctx context.Context) error {
	refs, err := o.survey(ctx)
	if err == nil {
		err = o.Refresh(ctx, refs...)
	}
	if err == nil {
		err = o.others(ctx)
	}
	if err != nil {
		return fmt.Errorf("resync project %s: %w", o.opt.Project, err)
	}
	return nil
}

// Once looks at the world one time, for whoever doesn't Run the observer.
func (o *Observer) Once(ctx context.Context) (View, error) {
	info, err := o.opt.Engine.Info(ctx)
	if err != nil {
		return View{}, err
	}
	if err := o.Resync(ctx); err != nil {
		return View{}, err
	}
	o.found(info)
	return o.View(), nil
}

// survey reads the list and returns which containers it leaves to be inspected.
func (o *Observer) survey(ctx context.Context) ([]string, error) {
	began := o.opt.Now()
	list, err := o.list(ctx)
	if err != nil {
		return nil, err
	}
	took := o.opt.Now().Sub(began)
	differ, unlisted := o.compare(list)
	o.mu.Lock()
	o.took = took
	o.mu.Unlock()
	o.opt.Heard(Heard{Resynced: true, Took: took, Changed: len(differ)})
	return append(differ, unlisted...), nil
}

// list reads the list, and does not believe that everything vanished at once
// before it was told three times (podman#418, moby#44300).
func (o *Observer) list(ctx context.Context) ([]engine.Summary, error) {
	for range 2 {
		list, err := o.opt.Engine.List(ctx, o.opt.Project)
		if err != nil || len(list) > 0 || !o.listedBefore() {
			return list, err
		}
	}
	return o.opt.Engine.List(ctx, o.opt.Project)
}

// listedBefore reports whether a list could be expected to hold something.
func (o *Observer) listedBefore() bool {
	return slices.ContainsFunc(o.View().Containers, func(c engine.Container) bool {
		return c.Claim.Project == o.opt.Project
	})
}

// compare returns the IDs of the containers that are not as they are known, or
// are being removed, for no event tells how that ends, and 20.10 lists one that
// could not be removed as if it still were; and of those known that a list
// can't show.
func (o *Observer) compare(list []engine.Summary) (differ, unlisted []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	listed := make(map[string]bool, len(list))
	for _, s := range list {
		listed[s.ID] = true
		k, fresh := o.known[s.ID], o.asked[s.ID] > o.trusted
		if !fresh {
			o.listed[s.ID] = s
		}
		if !fresh || k.Name != s.Name || k.State != s.State || k.State == engine.StateRemoving ||
			s.Health != engine.HealthNone && k.Health != s.Health {
			differ = append(differ, s.ID)
		}
	}
	for id, k := range o.known {
		switch {
		case listed[id]:
		case k.Claim.Project == o.opt.Project: // absent, says the list alone
			differ = append(differ, id)
		default:
			unlisted = append(unlisted, id)
		}
	}
	return differ, unlisted
}

// others inspects what matters and no list shows, until none of it names
// another one.
func (o *Observer) others(ctx context.Context) error {
	asked := make(map[string]bool)
	for {
		refs := slices.DeleteFunc(o.unknown(), func(ref string) bool { return asked[ref] })
		if len(refs) == 0 {
			return nil
		}
		if err := o.Refresh(ctx, refs...); err != nil {
			return err
		}
		for _, ref := range refs {
			asked[ref] = true
		}
	}
}

// unknown returns the names and IDs that matter and that no known container
// has.
func (o *Observer) unknown() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	refs := o.ourselves()
	maps.Copy(refs, o.opt.Names())
	for id, k := range o.known {
		delete(refs, id)
		delete(refs, k.Name)
	}
	return slices.Collect(maps.Keys(refs))
}

// interval is how long to wait for the next resync: longer where a list takes
// long, for a list costs the engine up to 1.4 ms a container.
func (o *Observer) interval() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return max(o.opt.Resync, min(200*o.took, 5*time.Minute))
}
