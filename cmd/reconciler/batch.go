package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"reconciler/api/wire"
	"reconciler/client"
	"reconciler/desired"
)

// want makes the services be wanted in this state: several in one revision, a
// single one by the request that one is for it.
func (f *flips) want(cmd *cobra.Command, named []string, state desired.State, one func(service string) client.Request) error {
	r, services, err := f.edit(cmd, named, state, one)
	switch {
	case err != nil:
		return f.bad(err)
	case f.dryRun:
		return f.preview(cmd, []client.Request{r}, nil)
	case len(services) == 1:
		return f.each(cmd, services, one)
	}
	_, err = f.batch(cmd, r, services, true)
	return err
}

// edit is the request that writes what is wanted, and the services that it is
// about; for a group nil, since the server knows them.
func (f *flips) edit(cmd *cobra.Command, named []string, state desired.State, one func(service string) client.Request) (client.Request, []string, error) {
	if f.group != "" && !f.all && len(named) == 0 {
		return client.WantGroup(f.group, state, f.reason), nil, checkWait(cmd, f.wait, named)
	}
	services, err := f.services(cmd, named)
	if err != nil {
		return client.Request{}, nil, err
	}
	if len(services) == 1 {
		return one(services[0]), services, nil
	}
	return client.WantAll(services, state, f.reason), services, nil
}

// batch makes the edit, and tells of what was left out; where it is the last
// word, it waits and tells of each service, too.
func (f *flips) batch(cmd *cobra.Command, r client.Request, services []string, last bool) (b wire.Batch, err error) {
	if last {
		r.Wait = f.wait
	}
	f.during(cmd, services, func(tell teller) {
		var done bool
		b, done, err = f.client.Services(cmd.Context(), r)
		if a := new(client.Refusal); errors.As(err, &a) && a.Type == "unknown_group" {
			err = badInput(err)
		}
		if err != nil {
			return
		}
		if len(b.Skipped) > 0 {
			tell(cmd.ErrOrStderr(), "skipped: "+strings.Join(b.Skipped, ", "))
		}
		for _, w := range b.Warnings {
			tell(cmd.ErrOrStderr(), "warning: "+w)
		}
		if !last {
			return
		}
		var late []error
		for _, n := range b.Services {
			tell(cmd.OutOrStdout(), told(n))
			if !is(n, "converged") {
				late = append(late, unmet(n))
			}
		}
		switch {
		case done:
		case f.wait == 0:
			f.next(cmd, tell)
		case len(late) == 0:
			err = errors.New("not as wanted yet; see: reconciler status")
		default:
			err = errors.Join(late...)
		}
	})
	return b, err
}
