package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"reconciler/desired"
	"reconciler/reconcile"
)

// flips is what the commands that change services have in common.
type flips struct {
	client *client
	group  string
	all    bool
	wait   time.Duration
	reason string
}

func bindFlips(cmd *cobra.Command) *flips {
	f := &flips{client: bindClient(cmd.Flags())}
	cmd.Flags().StringVar(&f.group, "group", "", "all services of this group")
	cmd.Flags().BoolVar(&f.all, "all", false, "all services that the file lists")
	cmd.Flags().DurationVar(&f.wait, "wait", 0, "wait this long until it is so, at most 5m, and fail if it isn't: --wait is --wait=1m")
	cmd.Flags().Lookup("wait").NoOptDefVal = "1m"
	cmd.Flags().StringVar(&f.reason, "reason", "", "why; kept with the change")
	return f
}

func newSet() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set STATE [SERVICE...]",
		Short: "Want services running, stopped or completed",
		Example: "  reconciler set stopped web db --reason maintenance\n" +
			"  reconciler set running --group business --wait",
		Args: args(cobra.MinimumNArgs(1)),
	}
	f := bindFlips(cmd)
	cmd.RunE = func(cmd *cobra.Command, a []string) error {
		state := desired.State(a[0])
		if !slices.Contains(desired.States(), state) {
			return badInput(fmt.Errorf("%q is no state: say running, stopped or completed%s", a[0], desired.Suggest(a[0], []string{"running", "stopped", "completed"})))
		}
		return f.each(cmd, a[1:], func(service string) request {
			return request{method: http.MethodPut, path: "/v1/services/" + url.PathEscape(service) + "/state",
				body: map[string]string{"state": string(state), "reason": f.reason}}
		})
	}
	return cmd
}

// newVerb is start, stop or restart.
func newVerb(verb, short, example string) *cobra.Command {
	cmd := &cobra.Command{Use: verb + " [SERVICE...]", Short: short, Example: example}
	f := bindFlips(cmd)
	cmd.RunE = func(cmd *cobra.Command, a []string) error {
		return f.each(cmd, a, func(service string) request {
			return request{method: http.MethodPost, path: "/v1/services/" + url.PathEscape(service) + "/" + verb,
				body: map[string]string{"reason": f.reason}}
		})
	}
	return cmd
}

// each makes the request for each service, all at once, and tells of each as
// it is answered.
func (f *flips) each(cmd *cobra.Command, named []string, ask func(service string) request) error {
	if err := f.check(cmd, named); err != nil {
		return err
	}
	services, err := f.services(cmd.Context(), named)
	if err != nil {
		return err
	}
	ctx, answered := context.WithCancel(cmd.Context())
	defer answered()
	var out sync.Mutex
	tell := func(w io.Writer, line string) {
		out.Lock()
		defer out.Unlock()
		fmt.Fprintln(w, clean(line))
	}
	var asking, telling errgroup.Group
	asking.SetLimit(16)
	if f.wait > 0 {
		telling.Go(func() error {
			f.progress(ctx, services, func(line string) { tell(cmd.ErrOrStderr(), line) })
			return nil
		})
	}
	results := make([]error, len(services))
	for i, service := range services {
		asking.Go(func() error {
			r := ask(service)
			r.wait = f.wait
			n, done, err := f.client.service(ctx, r)
			switch {
			case err != nil:
				results[i] = fmt.Errorf("%s: %w", service, err)
				return nil
			case !done && f.wait > 0:
				results[i] = fmt.Errorf("%s: not as wanted yet: %s", service, n.Message)
			}
			tell(cmd.OutOrStdout(), told(n))
			return nil
		})
	}
	_ = asking.Wait() // the results hold the errors
	answered()
	_ = telling.Wait()
	return errors.Join(results...)
}

// check refuses a --wait that can't be meant.
func (f *flips) check(cmd *cobra.Command, named []string) error {
	if f.wait < 0 || f.wait > 5*time.Minute {
		return badInput(fmt.Errorf("--wait=%s is not between 0s and 5m", f.wait))
	}
	for _, name := range named { // `--wait 30s` is --wait=1m and a service 30s
		if _, err := time.ParseDuration(name); err == nil && cmd.Flags().Changed("wait") {
			return badInput(fmt.Errorf("%q is no service; write --wait=%s", name, name))
		}
	}
	return nil
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
		o, err := f.client.overview(ctx)
		if err != nil {
			continue // the request that is waited for tells of it
		}
		o.Services = slices.DeleteFunc(o.Services, func(n reconcile.Service) bool { return !slices.Contains(services, n.Name) })
		if now := open(o.Services, "converged"); now != "" && now != told {
			told = now
			tell("waiting: " + now)
		}
	}
}

// told is one line about a service.
func told(n reconcile.Service) string {
	return fmt.Sprintf("%s: wanted %s, is %s: %s", n.Name, n.Desired, n.Status, n.Message)
}

// services are those that were named, in whatever way.
func (f *flips) services(ctx context.Context, named []string) ([]string, error) {
	if f.group == "" && !f.all {
		if len(named) == 0 {
			return nil, badInput(errors.New("name a service, or say --group GROUP or --all; see: reconciler status"))
		}
		return named, nil
	}
	if len(named) > 0 || f.group != "" && f.all {
		return nil, badInput(errors.New("name services, or say --group, or --all; one of them"))
	}
	o, err := f.client.overview(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range o.Services {
		if f.all || slices.Contains(n.Groups, f.group) {
			named = append(named, n.Name)
		}
	}
	if len(named) == 0 && f.group != "" {
		return nil, badInput(fmt.Errorf("the file has no group %q with a service in it", f.group))
	}
	return named, nil
}
