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
			"and the metrics meanwhile. Ending it stops no container. SIGHUP reads everything again. Under systemd it\n" +
			"says when it is ready and feeds the watchdog (Type=notify-reload, WatchdogSec=30s). Each flag can also\n" +
			"be set by an environment variable: --log-level by RECONCILER_LOG_LEVEL.",
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
			if err := run(cmd.Context(), conf, out); err != nil {
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
// it says goes to out.
func run(ctx context.Context, conf config.Config, out *backlog) error {
	signal.Ignore(syscall.SIGPIPE) // who reads our output may go: that ends nothing
	d, err := wire(conf, out, out.dropped)
	if err != nil {
		return err
	}
	defer d.close()
	fmt.Fprintf(out, "reconciler %s: project %s, %d services, %s\n",
		version, d.store.Snapshot().Document.Project, len(d.store.Snapshot().Document.Services), d.address())

	hangup, unheard := hangups() // before systemd is told that it may send one
	defer unheard()
	// The API goes first, while what it shows still works; then the loop, with
	// the calls under way; what observes goes last.
	parts, serving := errgroup.WithContext(ctx)
	under, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	below, observing := errgroup.WithContext(under)
	below.Go(func() error { return d.observer.Run(observing) })
	below.Go(func() error { return d.store.Watch(observing) })
	parts.Go(func() error { return d.loop.Run(serving) })
	parts.Go(func() error { return d.serve(serving) })
	parts.Go(func() error { return d.heed(serving, hangup) })
	parts.Go(func() error { // what observes must not fail before the end
		select {
		case <-observing.Done():
			return context.Cause(observing)
		case <-serving.Done():
			return nil
		}
	})
	err = parts.Wait()
	end()
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
