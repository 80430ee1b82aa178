package main

import (
	"context"
	"fmt"
	"os"

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
			"and the metrics meanwhile. Ending it stops no container. Each flag can also be set by an environment\n" +
			"variable: --log-level by RECONCILER_LOG_LEVEL.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := config.FromEnv(cmd.Flags(), os.LookupEnv); err != nil {
				return badInput(err)
			}
			if err := conf.Validate(); err != nil {
				return badInput(err)
			}
			return run(cmd.Context(), conf, cmd)
		},
	}
	conf.Bind(cmd.Flags())
	return cmd
}

// run wires the parts, and ends when ctx does or when one of them fails.
func run(ctx context.Context, conf config.Config, cmd *cobra.Command) error {
	d, err := wire(conf, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer d.close()
	fmt.Fprintf(cmd.ErrOrStderr(), "reconciler %s: project %s, %d services, %s\n",
		version, d.store.Snapshot().Document.Project, len(d.store.Snapshot().Document.Services), d.address())

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
	return err
}
