package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/events"
)

// idle measures a daemon for which there is nothing to do, and then what one
// drift costs it: a container is started that should be stopped.
func idle(ctx context.Context, h *host, opt options, dir string) (rows []row, err error) {
	p, err := h.create(ctx, "idle", opt.idle)
	if err != nil {
		return nil, err
	}
	d, err := startDaemon(ctx, opt.binary, dir, p, "stopped")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.end()) }()

	rows, calls, err := d.watch(ctx, opt.watch)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := h.start(ctx, p.ids[0]); err != nil {
		return nil, err
	}
	if _, err := h.await(ctx, events.ActionDie, p.ids[:1], began); err != nil {
		return nil, err
	}
	if err := d.settled(ctx); err != nil {
		return nil, err
	}
	more, err := d.calls(ctx)
	if err != nil {
		return nil, err
	}
	return append(rows, row{what: "one drift: engine calls", ours: difference(calls, more), goal: "≤ 3, no list but of a resync"}), nil
}

// watch measures what the daemon uses in that time, and returns the calls that
// it had made at the end.
func (d *daemon) watch(ctx context.Context, t time.Duration) ([]row, map[string]int, error) {
	callsBefore, err := d.calls(ctx)
	if err != nil {
		return nil, nil, err
	}
	before, err := d.used() // a scrape is no part of being idle
	if err != nil {
		return nil, nil, err
	}
	if err := pause(ctx, t); err != nil {
		return nil, nil, err
	}
	after, err := d.used()
	if err != nil {
		return nil, nil, err
	}
	calls, err := d.calls(ctx)
	if err != nil {
		return nil, nil, err
	}
	what := fmt.Sprintf("%d idle services: ", len(d.project.ids))
	core := (after.cpu - before.cpu).Seconds() / t.Seconds()
	return []row{
		{what: what + "memory", ours: fmt.Sprintf("%.1f MiB", after.resident), goal: "≤ 40 MiB"},
		{what: what + "processor", ours: fmt.Sprintf("%.2f %% of a core", 100*core), goal: "≤ 0.2 %"},
		{what: what + "engine calls in " + t.String(), ours: difference(callsBefore, calls), goal: "a list a resync"},
	}, calls, nil
}

// pause lets time pass.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// usage is what a daemon has used so far.
type usage struct {
	cpu      time.Duration
	resident float64 // MiB
}

// used asks the kernel.
func (d *daemon) used() (usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid))
	if err != nil {
		return usage{}, err
	}
	// proc(5): behind the name, which may hold anything, utime and stime are
	// the 12th and 13th field, in 1/100 s, and rss the 22nd, in pages.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 22 {
		return usage{}, fmt.Errorf("read what the daemon used: %q", stat)
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	pages, err3 := strconv.Atoi(fields[21])
	return usage{
		cpu:      time.Duration(user+system) * 10 * time.Millisecond,
		resident: float64(pages*os.Getpagesize()) / (1 << 20),
	}, errors.Join(err1, err2, err3)
}

// difference says how many calls were made meanwhile: "list 2, stop 1".
func difference(before, after map[string]int) string {
	var said []string
	for _, call := range slices.Sorted(maps.Keys(after)) {
		if n := after[call] - before[call]; n > 0 {
			said = append(said, fmt.Sprintf("%s %d", call, n))
		}
	}
	if said == nil {
		return "none"
	}
	return strings.Join(said, ", ")
}
