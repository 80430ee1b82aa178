package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reconciler/client"
	"reconciler/reconcile"
)

// pollEvery is how often `wait` asks.
const pollEvery = 250 * time.Millisecond

func newWait() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "wait [SERVICE...]",
		Short:   "Wait until services are as wanted",
		Long:    "Waits until the services named, or all, are so; exits 1 when the time is over first.",
		Example: "  reconciler wait --for ready web --timeout 2m",
	}
	c := bindClient(cmd.Flags())
	what := choose(cmd, "for", "", "converged, ready or stopped", "converged", "ready", "stopped")
	timeout := cmd.Flags().Duration("timeout", 5*time.Minute, "how long to wait")
	cmd.ValidArgsFunction = completeServices(c, 0, 0)
	cmd.RunE = func(cmd *cobra.Command, named []string) error {
		ctx, cancel := context.WithTimeout(cmd.Context(), *timeout)
		defer cancel()
		return waitUntil(ctx, c, named, what.value, func(line string) { fmt.Fprintln(cmd.ErrOrStderr(), clean(line)) })
	}
	return cmd
}

// waitUntil asks until all are so, and tells whenever what is awaited changes;
// of what else the user should know once: the file on disk may not be the one
// in force.
func waitUntil(ctx context.Context, c *client.Client, named []string, what string, tell func(string)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	told := ""
	var warned []string
	for {
		o, err := c.Overview(ctx)
		if err == nil {
			o.Services, err = only(o.Services, named)
		}
		switch {
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			return late(what, told)
		case err != nil:
			return err
		}
		for _, warning := range o.Warnings {
			if !slices.Contains(warned, warning) {
				warned = append(warned, warning)
				tell("warning: " + warning)
			}
		}
		now := open(o.Services, what)
		if now == "" {
			return nil
		}
		if now != told {
			told = now
			tell("waiting: " + told)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return late(what, told)
			}
			return ctx.Err()
		}
	}
}

func late(what, told string) error {
	if told == "" {
		told = "the server did not answer"
	}
	return fmt.Errorf("not %s in time: %s", what, told)
}

// open says which services are not so, and why; "": all are.
func open(services []reconcile.Service, what string) string {
	var lines []string
	for _, n := range services {
		if !is(n, what) {
			lines = append(lines, fmt.Sprintf("%s is %s: %s", n.Name, n.Status, n.Message))
		}
	}
	return strings.Join(lines, "; ")
}

// is reports whether the service is so, as decided on what the file says now.
func is(n reconcile.Service, what string) bool {
	if n.ObservedGeneration < n.Generation {
		return false
	}
	switch what {
	case "ready":
		return n.Ready
	case "stopped":
		return n.Desired == "stopped" && n.Converged
	}
	return n.Converged
}
