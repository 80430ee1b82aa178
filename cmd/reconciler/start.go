package main

import (
	"slices"

	"github.com/spf13/cobra"

	"reconciler/client"
	"reconciler/desired"
)

func newStart() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "start [SERVICE...]",
		Short:   "Want services running, and try now",
		Long:    "What should run already is tried at once, without waiting for its back-off. A job is run.",
		Example: "  reconciler start web --wait",
	}
	f := bindFlips(cmd)
	bindDryRun(cmd, &f.dryRun)
	cmd.RunE = func(cmd *cobra.Command, named []string) error {
		press := f.verb("start")
		r, services, err := f.edit(cmd, named, desired.Running, press)
		switch {
		case err != nil:
			return f.bad(err)
		case f.dryRun:
			return f.preview(cmd, []client.Request{r}, nil)
		case len(services) == 1:
			return f.each(cmd, services, press)
		}
		b, err := f.batch(cmd, r, services, false) // one revision for all
		if err != nil {
			return err
		}
		if services == nil {
			for _, n := range b.Services {
				services = append(services, n.Name)
			}
		}
		services = slices.DeleteFunc(services, func(s string) bool { return slices.Contains(b.Skipped, s) })
		return f.each(cmd, services, press) // and a try for each
	}
	return cmd
}
