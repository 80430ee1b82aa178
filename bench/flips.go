package main

import (
	"context"
	"errors"
	"time"

	"github.com/docker/docker/api/types/events"
)

// flips measures twin projects in turn: one is flipped by raw calls, the other
// by edits of the file that reconciler watches. Then one container after the
// other is killed in each.
func flips(ctx context.Context, h *host, opt options, dir string) (rows []row, err error) {
	raw, err := h.create(ctx, "raw", opt.containers)
	if err != nil {
		return nil, err
	}
	ours, err := h.create(ctx, "ours", opt.containers)
	if err != nil {
		return nil, err
	}
	d, err := startDaemon(ctx, opt.binary, dir, ours, "stopped")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.end()) }()

	m := measure{h: h, raw: raw, d: d}
	var up, down, again []pair
	for round := range opt.rounds + 1 { // the first is to warm up
		start, err := m.both(ctx, round, m.rawAll(h.start, events.ActionStart), m.oursAll("running", events.ActionStart))
		if err != nil {
			return nil, err
		}
		stop, err := m.both(ctx, round, m.rawAll(h.stop, events.ActionDie), m.oursAll("stopped", events.ActionDie))
		if err != nil {
			return nil, err
		}
		if round > 0 {
			up, down = append(up, start), append(down, stop)
		}
	}
	if _, err := m.both(ctx, 0, m.rawAll(h.start, events.ActionStart), m.oursAll("running", events.ActionStart)); err != nil {
		return nil, err
	}
	// Each is killed once: a second time would have to wait in its back-off.
	for i := range raw.ids {
		p, err := m.both(ctx, i, m.rawRepair(raw.ids[i]), m.oursRepair(ours.ids[i]))
		if err != nil {
			return nil, err
		}
		again = append(again, p)
	}
	return []row{
		compare("stopped → running, from the accepted file", up),
		compare("running → stopped, from the accepted file", down),
		compare("killed → running", again),
	}, nil
}

// measure holds what the measurements are made with.
type measure struct {
	h   *host
	raw project
	d   *daemon
}

type measured func(context.Context) (time.Duration, error)

// both measures both, in turn the one and the other first.
func (m measure) both(ctx context.Context, round int, raw, ours measured) (pair, error) {
	var p pair
	var err, err2 error
	if round%2 == 0 {
		p.raw, err = raw(ctx)
		p.ours, err2 = ours(ctx)
	} else {
		p.ours, err2 = ours(ctx)
		p.raw, err = raw(ctx)
	}
	return p, errors.Join(err, err2)
}

// rawAll makes the call for all containers and measures until the engine tells
// that the last has done it.
func (m measure) rawAll(call func(context.Context, string) error, done events.Action) measured {
	return func(ctx context.Context) (time.Duration, error) {
		began := time.Now()
		if err := each(ctx, m.raw.ids, call); err != nil {
			return 0, err
		}
		return m.until(ctx, done, m.raw.ids, began)
	}
}

// oursAll edits the file and measures, from when the change was accepted, the
// same.
func (m measure) oursAll(want string, done events.Action) measured {
	return func(ctx context.Context) (time.Duration, error) {
		accepted, err := m.d.flip(ctx, want)
		if err != nil {
			return 0, err
		}
		took, err := m.until(ctx, done, m.d.project.ids, accepted)
		if err != nil {
			return 0, err
		}
		return took, m.d.settled(ctx)
	}
}

// rawRepair kills a container, and starts it when the engine tells of it.
func (m measure) rawRepair(id string) measured {
	return func(ctx context.Context) (time.Duration, error) {
		began := time.Now()
		if err := m.h.kill(ctx, id); err != nil {
			return 0, err
		}
		if _, err := m.h.await(ctx, events.ActionDie, []string{id}, began); err != nil {
			return 0, err
		}
		if err := m.h.start(ctx, id); err != nil {
			return 0, err
		}
		return m.until(ctx, events.ActionStart, []string{id}, began)
	}
}

// oursRepair kills a container that reconciler starts again.
func (m measure) oursRepair(id string) measured {
	return func(ctx context.Context) (time.Duration, error) {
		began := time.Now()
		if err := m.h.kill(ctx, id); err != nil {
			return 0, err
		}
		return m.until(ctx, events.ActionStart, []string{id}, began)
	}
}

func (m measure) until(ctx context.Context, done events.Action, ids []string, began time.Time) (time.Duration, error) {
	at, err := m.h.await(ctx, done, ids, began)
	return at.Sub(began), err
}
