package main

import (
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

func newResume() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "resume [SERVICE...]",
		Short:   "Care for suspended services again",
		Example: "  reconciler resume web --wait\n  reconciler resume --all --dry-run",
	}
	f := bindFlips(cmd)
	bindDryRun(cmd, &f.dryRun)
	cmd.RunE = func(cmd *cobra.Command, named []string) error {
		return f.hold(cmd, named, func(service string) request {
			r := request{method: http.MethodDelete, path: servicePath(service) + "/suspend"}
			if f.reason != "" {
				r.query = url.Values{"reason": {f.reason}}
			}
			return r
		})
	}
	return cmd
}
