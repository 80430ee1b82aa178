// Command crowd holds a thousand connections that are of no use at each kind of
// door of a reconciler, and measures how long a legitimate request waits beside
// them:
//
//	make build && go run ./bench/crowd
//
// They are silent, idle, or slow in what they say or read; who is hung up on
// comes again. It needs no engine. It fails only if it can't measure, never
// because something is slow. It is for Linux.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"reconciler/bench/rig"
)

// options are what the flags say.
type options struct {
	binary      string
	connections int
	requests    int
	descriptors int // of each reconciler
	again       time.Duration
	patience    time.Duration
}

func main() {
	var opt options
	flag.StringVar(&opt.binary, "binary", "bin/reconciler", "the reconciler to measure")
	flag.IntVar(&opt.connections, "connections", 1000, "how many bad connections are held")
	flag.IntVar(&opt.requests, "requests", 200, "how many legitimate requests are made beside each kind, each on a connection of its own")
	flag.IntVar(&opt.descriptors, "descriptors", 1024, "how many file descriptors a reconciler may have")
	flag.DurationVar(&opt.again, "again", 3*time.Second, "about when a bad connection that was hung up on comes again")
	flag.DurationVar(&opt.patience, "patience", 5*time.Second, "when a request is given up")
	rig.Main(func(ctx context.Context) error { return run(ctx, opt) })
}

func run(ctx context.Context, opt options) (err error) {
	dir, err := os.MkdirTemp("", "reconciler-crowd-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ds, err := start(opt, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ds.end()) }()
	fmt.Printf("%d connections, reconcilers with %d descriptors\n\n", opt.connections, opt.descriptors)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer func() { err = errors.Join(err, w.Flush()) }()
	fmt.Fprintln(w, "door\tbeside\tp50\tp99\tunanswered\tgoal of p50")
	for _, d := range ds.doors {
		if err := d.await(ctx); err != nil {
			return err
		}
		row(w, d.name, "nobody", d.latencies(ctx, opt), opt)
		for _, k := range kinds(d) {
			if !k.opens || d.roots != nil {
				row(w, d.name, k.name, beside(ctx, opt, d, k), opt)
			}
		}
	}
	return ctx.Err()
}

// beside measures while connections of the kind are held, three seconds after
// they came.
func beside(ctx context.Context, opt options, d door, k bad) []time.Duration {
	holding, end := context.WithCancel(ctx)
	var all sync.WaitGroup
	for range opt.connections {
		all.Go(func() { k.hold(holding, d, opt.again) })
	}
	for range 3 {
		pause(ctx, time.Second)
	}
	took := d.latencies(ctx, opt)
	end()
	all.Wait()
	return took
}

// await waits until the door answers.
func (d door) await(ctx context.Context) (err error) {
	for range 30 {
		if err = d.ask(ctx); err == nil {
			return nil
		}
		pause(ctx, time.Second)
	}
	return fmt.Errorf("reach the %s: %w", d.name, err)
}

// latencies are those of legitimate requests that were answered, shortest first.
// It gives up after three in a row for which it waited in vain.
func (d door) latencies(ctx context.Context, opt options) (took []time.Duration) {
	for i, silent := 0, 0; i < opt.requests && silent < 3; i++ {
		within, cancel := context.WithTimeout(ctx, opt.patience)
		began := time.Now()
		if d.ask(within) == nil {
			took, silent = append(took, time.Since(began)), 0
		} else if time.Since(began) >= opt.patience {
			silent++
		}
		cancel()
	}
	slices.Sort(took)
	return took
}

// ask asks once, on a connection of its own.
func (d door) ask(ctx context.Context) error {
	c, err := d.dial(ctx, true)
	if err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"+d.authorization()+"\r\n"); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("answered with %s: %w", answer.Status, err)
	}
	return nil
}

func row(w io.Writer, door, beside string, took []time.Duration, opt options) {
	at := func(part float64) string {
		if len(took) == 0 {
			return "none within " + opt.patience.String()
		}
		return fmt.Sprintf("%.1f ms", float64(took[int(part*float64(len(took)-1))].Microseconds())/1000)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t< 100 ms\n", door, beside, at(0.5), at(0.99), opt.requests-len(took))
}
