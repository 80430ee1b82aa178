package main

import "github.com/spf13/cobra"

func newRestart() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "restart [SERVICE...]",
		Short:   "Restart the containers of services, one by one; run a job again",
		Example: "  reconciler restart web --wait",
	}
	f := bindFlips(cmd)
	cmd.RunE = func(cmd *cobra.Command, named []string) error {
		services, err := f.services(cmd, named)
		if err != nil {
			return err
		}
		return f.each(cmd, services, f.verb("restart"))
	}
	return cmd
}
