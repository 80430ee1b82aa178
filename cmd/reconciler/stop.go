package main

import (
	"github.com/spf13/cobra"

	"reconciler/desired"
)

func newStop() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "stop [SERVICE...]",
		Short:   "Want services stopped",
		Example: "  reconciler stop --group business",
	}
	f := bindFlips(cmd)
	bindDryRun(cmd, &f.dryRun)
	cmd.RunE = func(cmd *cobra.Command, named []string) error {
		return f.want(cmd, named, desired.Stopped, f.verb("stop"))
	}
	return cmd
}
