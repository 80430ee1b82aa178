package main

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"reconciler/desired"
	"reconciler/reconcile"
)

// batch is the answer to an edit of several services: one revision.
type batch struct {
	Generation int64               `json:"generation"`
	Services   []reconcile.Service `json:"services"`
	Skipped    []string            `json:"skipped"`
	Warnings   []string            `json:"warnings"`
}

// want makes the services be wanted in this state: several in one revision, a
// single one by the request that one is for it.
func (f *flips) want(cmd *cobra.Command, named []string, state desired.State, one func(service string) request) error {
	r, services, err := f.edit(cmd, named, state, one)
	switch {
	case err != nil:
		return f.bad(err)
	case f.dryRun:
		return f.client.preview(cmd, []request{r}, nil)
	case len(services) == 1:
		return f.each(cmd, services, one)
	}
	_, err = f.batch(cmd, r, services, true)
	return err
}

// edit is the request that writes what is wanted, and the services that it is
// about; for a group nil, since the server knows them.
func (f *flips) edit(cmd *cobra.Command, named []string, state desired.State, one func(service string) request) (request, []string, error) {
	if f.group != "" && !f.all && len(named) == 0 {
		return request{method: http.MethodPut, path: "/v1/groups/" + url.PathEscape(f.group) + "/state",
			body: map[string]string{"state": string(state), "reason": f.reason}}, nil, checkWait(cmd, f.wait, named)
	}
	services, err := f.services(cmd, named)
	if err != nil {
		return request{}, nil, err
	}
	if len(services) == 1 {
		return one(services[0]), services, nil
	}
	states := make(map[string]string, len(services))
	for _, s := range services {
		states[s] = string(state)
	}
	r := request{method: http.MethodPut, path: "/v1/services/state", body: states}
	if f.reason != "" {
		r.query = url.Values{"reason": {f.reason}}
	}
	return r, services, nil
}

// batch makes the edit, and tells of what was left out; where it is the last
// word, it waits and tells of each service, too.
func (f *flips) batch(cmd *cobra.Command, r request, services []string, last bool) (b batch, err error) {
	if last {
		r.wait = f.wait
	}
	f.during(cmd, services, func(tell teller) {
		var rep reply
		if rep, err = f.client.do(cmd.Context(), r); err == nil {
			err = f.client.decode(rep, &b)
		}
		if a := new(answer); errors.As(err, &a) && a.Type == "unknown_group" {
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
		switch done := rep.status == http.StatusOK; {
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
