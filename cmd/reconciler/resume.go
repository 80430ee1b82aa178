package main

import (
	"github.com/spf13/cobra"

	"reconciler/client"
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
		return f.hold(cmd, named, func(service string) client.Request { return client.Resume(service, f.reason) })
	}
	return cmd
}
