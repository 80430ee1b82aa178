// Command bench measures reconciler against the same engine calls made raw, in
// one run, so that what it prints are ratios and not the speed of a machine:
//
//	DOCKER_HOST=$(hack/engine up) go run ./bench
//
// It makes containers and an image of its own and removes them. It fails only
// if it can't measure, never because something is slow. It is for Linux.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"reconciler/bench/rig"
)

// options are what the flags say.
type options struct {
	binary     string
	rounds     int
	containers int // that are flipped in each round
	idle       int // services of the idle daemon
	watch      time.Duration
	listed     int // services of the daemon that is read
	requests   int
}

// row is one line of the table. A ratio of 0 means that there is none.
type row struct {
	what, raw, ours, goal string
	ratio                 float64
}

func main() {
	var opt options
	flag.StringVar(&opt.binary, "binary", "bin/reconciler", "the reconciler to measure")
	flag.IntVar(&opt.rounds, "rounds", 5, "how often each flip is measured")
	flag.IntVar(&opt.containers, "containers", 20, "how many containers are flipped at once")
	flag.IntVar(&opt.idle, "idle", 200, "how many services the idle daemon has")
	flag.DurationVar(&opt.watch, "watch", time.Minute, "how long the idle daemon is watched")
	flag.IntVar(&opt.listed, "listed", 1000, "how many services the daemon has that is read")
	flag.IntVar(&opt.requests, "requests", 1000, "how often it is read")
	rig.Main(func(ctx context.Context) error { return run(ctx, opt) })
}

func run(ctx context.Context, opt options) (err error) {
	dir, err := os.MkdirTemp("", "reconciler-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	h, err := openHost(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close(context.WithoutCancel(ctx))) }()
	fmt.Printf("engine %s, %d containers, %d rounds\n\n", h.version, opt.containers, opt.rounds)

	rows, err := flips(ctx, h, opt, dir)
	if err != nil {
		return err
	}
	quiet, err := idle(ctx, h, opt, dir)
	if err != nil {
		return err
	}
	read, err := reads(ctx, opt, dir)
	if err != nil {
		return err
	}
	return show(slices.Concat(rows, quiet, read, parses(opt.rounds)))
}

// show prints the table.
func show(rows []row) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\traw\treconciler\tratio\tgoal")
	for _, r := range rows {
		ratio := ""
		if r.ratio != 0 {
			ratio = fmt.Sprintf("%.2f", r.ratio)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.what, r.raw, r.ours, ratio, r.goal)
	}
	return w.Flush()
}

// pair is the same thing done raw and by reconciler, in one round.
type pair struct{ raw, ours time.Duration }

// compare makes a row of rounds: the medians of both, and the median of the
// rounds' ratios.
func compare(what string, rounds []pair) row {
	var raw, ours, ratios []float64
	for _, p := range rounds {
		raw = append(raw, p.raw.Seconds())
		ours = append(ours, p.ours.Seconds())
		ratios = append(ratios, p.ours.Seconds()/p.raw.Seconds())
	}
	return row{
		what: what, raw: fmt.Sprintf("%.3fs", median(raw)), ours: fmt.Sprintf("%.3fs", median(ours)),
		ratio: median(ratios), goal: "≤ 1.05",
	}
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}
