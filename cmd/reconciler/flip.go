package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"reconciler/client"
	"reconciler/reconcile"
)

// flips is what the commands that change services have in common.
type flips struct {
	client *client.Client
	group  string
	all    bool
	wait   time.Duration
	reason string
	dryRun bool
	holds  bool // suspended is what is wanted, so not to be waited for
}

func bindFlips(cmd *cobra.Command) *flips {
	f := &flips{client: bindClient(cmd.Flags())}
	cmd.Flags().StringVar(&f.group, "group", "", "all services of this group")
	cmd.Flags().BoolVar(&f.all, "all", false, "all services that the file lists")
	bindWait(cmd, &f.wait)
	cmd.Flags().StringVar(&f.reason, "reason", "", "why; kept with the change")
	cmd.ValidArgsFunction = completeServices(f.client, 0, 0)
	completeFlags(cmd, f.client)
	return f
}

func bindWait(cmd *cobra.Command, wait *time.Duration) {
	cmd.Flags().DurationVar(wait, "wait", 0, "wait this long until it is so, at most 5m, and fail if it isn't: --wait is --wait=1m")
	cmd.Flags().Lookup("wait").NoOptDefVal = "1m"
}

// checkWait refuses a --wait that can't be meant.
func checkWait(cmd *cobra.Command, wait time.Duration, named []string) error {
	if wait < 0 || wait > 5*time.Minute {
		return badInput(fmt.Errorf("--wait=%s is not between 0s and 5m", wait))
	}
	for _, name := range named { // `--wait 30s` is --wait=1m and a service 30s
		if _, err := time.ParseDuration(name); err == nil && cmd.Flags().Changed("wait") {
			return badInput(fmt.Errorf("%q is no service; write --wait=%s", name, name))
		}
	}
	return nil
}

// verb is the request that presses a button of the service.
func (f *flips) verb(verb string) func(service string) client.Request {
	return func(service string) client.Request {
		return client.Press(service, verb, f.reason)
	}
}

// services are those that were named, in whatever way, each once.
func (f *flips) services(cmd *cobra.Command, named []string) ([]string, error) {
	if err := checkWait(cmd, f.wait, named); err != nil {
		return nil, err
	}
	if len(named) > 0 && (f.group != "" || f.all) || f.group != "" && f.all {
		return nil, badInput(errors.New("name services, or say --group, or --all; one of them"))
	}
	if f.group == "" && !f.all {
		if len(named) == 0 {
			return nil, badInput(errors.New("name a service, or say --group GROUP or --all; see: reconciler status"))
		}
		var once []string
		for _, name := range named {
			if !slices.Contains(once, name) {
				once = append(once, name)
			}
		}
		return once, nil
	}
	o, err := f.client.Overview(cmd.Context())
	if err != nil {
		return nil, err
	}
	for _, n := range o.Services {
		if f.all || slices.Contains(n.Groups, f.group) {
			named = append(named, n.Name)
		}
	}
	switch {
	case len(named) == 0 && f.group != "":
		return nil, badInput(fmt.Errorf("the file has no group %q with a service in it", f.group))
	case len(named) == 0:
		return nil, errors.New("the file lists no service")
	}
	return named, nil
}

// each makes the request for each service, all at once, and tells of each as
// it is answered.
func (f *flips) each(cmd *cobra.Command, services []string, ask func(service string) client.Request) error {
	results := make([]error, len(services))
	var later atomic.Bool
	f.during(cmd, services, func(tell teller) {
		var asking errgroup.Group
		asking.SetLimit(16)
		for i, service := range services {
			asking.Go(func() error {
				r := ask(service)
				r.Wait = f.wait
				n, done, err := f.client.Service(cmd.Context(), r)
				if err != nil {
					results[i] = fmt.Errorf("%s: %w", service, err)
					return nil
				}
				if !done && f.wait > 0 && !f.holds {
					results[i] = unmet(n)
				}
				if !done && !f.holds {
					later.Store(true)
				}
				tell(cmd.OutOrStdout(), told(n))
				for _, w := range n.Warnings {
					tell(cmd.ErrOrStderr(), n.Name+": warning: "+w)
				}
				return nil
			})
		}
		_ = asking.Wait() // the results hold the errors
		if later.Load() {
			f.next(cmd, tell)
		}
	})
	return errors.Join(results...)
}

// unmet is why waiting for the service was in vain.
func unmet(n reconcile.Service) error {
	if is(n, "converged") { // but the act that was asked for wasn't made
		return fmt.Errorf("%s: %s", n.Name, n.Message)
	}
	return fmt.Errorf("%s: not as wanted yet: %s", n.Name, n.Message)
}

// told is one line about a service.
func told(n reconcile.Service) string {
	wanted := n.Desired
	if s := n.Suspended; s != nil {
		wanted += " (suspended"
		if s.Until != nil {
			wanted += " until " + s.Until.Format(time.RFC3339)
		}
		if s.Reason != "" {
			wanted += ": " + s.Reason
		}
		wanted += ")"
	}
	return fmt.Sprintf("%s: wanted %s, is %s: %s", n.Name, wanted, n.Status, n.Message)
}

// teller writes a line, whole, whoever else writes.
type teller func(w io.Writer, line string)

// during does the work. Where it waits for services, it tells meanwhile what
// they wait for; no services: all.
func (f *flips) during(cmd *cobra.Command, services []string, work func(tell teller)) {
	ctx, done := context.WithCancel(cmd.Context())
	defer done()
	var out sync.Mutex
	tell := func(w io.Writer, line string) {
		out.Lock()
		defer out.Unlock()
		fmt.Fprintln(w, clean(line))
	}
	var telling errgroup.Group
	if f.wait > 0 {
		telling.Go(func() error {
			f.progress(ctx, services, func(line string) { tell(cmd.ErrOrStderr(), line) })
			return nil
		})
	}
	work(tell)
	done()
	_ = telling.Wait()
}

// progress tells what the services wait for, whenever that changes, until ctx
// ends. What is done within a second is not worth a word.
func (f *flips) progress(ctx context.Context, services []string, tell func(string)) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	told := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		o, err := f.client.Overview(ctx)
		if err != nil {
			continue // the request that is waited for tells of it
		}
		o.Services = slices.DeleteFunc(o.Services, func(n reconcile.Service) bool {
			return len(services) > 0 && !slices.Contains(services, n.Name) || f.group != "" && !slices.Contains(n.Groups, f.group)
		})
		if now := open(o.Services, "converged"); now != "" && now != told {
			told = now
			tell("waiting: " + now)
		}
	}
}

// next says how to see what comes of it, to a person who doesn't wait.
func (f *flips) next(cmd *cobra.Command, tell teller) {
	if f.wait == 0 && screenOf(cmd.ErrOrStderr()).terminal {
		tell(cmd.ErrOrStderr(), "next: reconciler status --watch")
	}
}
