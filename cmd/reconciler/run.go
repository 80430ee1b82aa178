package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"reconciler/config"
)

func newRun() *cobra.Command {
	conf := config.Default()
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Keep the containers as the file says, until told to end",
		Long: "Keeps the containers as the file says, until told to end (SIGINT, SIGTERM), and serves the API, the page\n" +
			"and the metrics meanwhile. Ending it stops no container, and takes 12 s at most, whatever is blocked.\n" +
			"SIGHUP reads everything again. Under systemd it says when it is ready and feeds the watchdog\n" +
			"(Type=notify-reload, WatchdogSec=30s). Each flag can also be set by an environment variable:\n" +
			"--log-level by RECONCILER_LOG_LEVEL.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := config.FromEnv(cmd.Flags(), os.LookupEnv); err != nil {
				return badInput(err)
			}
			if err := conf.Validate(); err != nil {
				return badInput(err)
			}
			// Nobody may read what we say: then that waits, and nothing else does.
			out := startBacklog(cmd.ErrOrStderr())
			defer out.close(lastWords)
			defer log.SetOutput(log.Writer())
			log.SetOutput(out) // of libraries
			end := &ending{out: out, within: endsWithin, exit: os.Exit}
			end.due(cmd.Context())
			defer end.ended()
			if err := run(cmd.Context(), conf, out, end); err != nil {
				return &failure{report(cmd.Context(), out, err), nil}
			}
			return nil
		},
	}
	conf.Bind(cmd.Flags())
	return cmd
}

// lastWords is how long the end waits for somebody to read what was said.
const lastWords = time.Second

// run wires the parts, and ends when ctx does or when one of them fails. What
// it says goes to out; end ends it if it doesn't.
func run(ctx context.Context, conf config.Config, out *backlog, end *ending) error {
	signal.Ignore(syscall.SIGPIPE) // who reads our output may go: that ends nothing
	memory := limitMemory()
	var d *daemon
	err := end.during(ctx, "the start", nil, func(context.Context) (err error) {
		d, err = wire(conf, out, out.dropped)
		return err
	})
	if err != nil {
		return err
	}
	defer d.close()
	fmt.Fprintf(out, "reconciler %s: project %s, %d services, %s\n",
		version, d.store.Snapshot().Document.Project, len(d.store.Snapshot().Document.Services), d.address())
	fmt.Fprintf(out, "memory: %s\n", memory)

	hangup, unheard := hangups() // before systemd is told that it may send one
	defer unheard()
	// The API goes first, while what it shows still works; then the loop, with
	// the calls under way; what observes goes last.
	parts, serving := errgroup.WithContext(ctx)
	end.due(serving)
	under, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	below, observing := errgroup.WithContext(under)
	below.Go(func() error { return end.during(observing, "looking at the engine", nil, d.observer.Run) })
	below.Go(func() error { return end.during(observing, "looking at "+conf.State, nil, d.store.Watch) })
	parts.Go(func() error { return end.during(serving, "the loop", d.loop.UnderWay, d.loop.Run) })
	parts.Go(func() error { return end.during(serving, "requests", nil, d.serve) })
	parts.Go(func() error {
		return end.during(serving, "reading everything again, as SIGHUP asked", nil, func(ctx context.Context) error { return d.heed(ctx, hangup) })
	})
	parts.Go(func() error { // what observes must not fail before the end
		select {
		case <-observing.Done():
			return context.Cause(observing)
		case <-serving.Done():
			return nil
		}
	})
	err = parts.Wait()
	cut()
	if berr := below.Wait(); err == nil {
		err = berr
	}
	if err == nil {
		fmt.Fprintln(out, "reconciler ended; the containers stay as they are")
	}
	return err
}

// hangups are the SIGHUPs of this process from now on; many in a row are one.
func hangups() (heard <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// heed reads everything again on each hangup, until ctx ends.
func (d *daemon) heed(ctx context.Context, hangup <-chan os.Signal) error {
	for {
		select {
		case <-hangup:
			d.reload()
		case <-ctx.Done():
			d.supervisor.stopping()
			return nil
		}
	}
}
