package docker

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"

	"reconciler/engine"
)

// Holder implements engine.Engine. The engine knows of containers alone; a
// process is looked for only where it could be in the same network.
func (e *Engine) Holder(ctx context.Context, p engine.Port) (engine.Holder, error) {
	var list []container.Summary
	err := e.do(ctx, call{"holder", fmt.Sprintf("of port %d", p.Host), e.reads, listDeadline}, func(ctx context.Context) (err error) {
		list, err = e.client.Load().ContainerList(ctx, container.ListOptions{}) // what runs
		if err != nil {
			return err
		}
		return complete(list)
	})
	if err != nil {
		return engine.Holder{}, err
	}
	for _, c := range list {
		for _, q := range c.Ports {
			if p.Overlaps(engine.Port{HostIP: q.IP, Host: int(q.PublicPort), Protocol: q.Type}) {
				return engine.Holder{Container: summary(c).Name, Project: summary(c).Claim.Project}, nil
			}
		}
	}
	if !e.sharesNetwork(ctx) {
		return engine.Holder{}, nil
	}
	return listener("/proc", p), nil
}
