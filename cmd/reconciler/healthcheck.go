package main

import "github.com/spf13/cobra"

func newHealthcheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Exit 0 if a running reconciler works, for a container's HEALTHCHECK",
		Args:  args(cobra.NoArgs),
	}
	c := bindClient(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.Alive(cmd.Context())
	}
	return cmd
}
