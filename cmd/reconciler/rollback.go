package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"reconciler/client"
)

func newRollback() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "rollback N",
		Short:   "Write the state file of revision N again, as a new revision",
		Long:    "It changes only whether services run: a revision that says other things of what they are is refused.",
		Example: "  reconciler history\n  reconciler rollback 12 --dry-run\n  reconciler rollback 12 --reason 'as before' --wait",
		Args:    args(cobra.MinimumNArgs(1)),
	}
	f := &flips{client: bindClient(cmd.Flags())}
	bindWait(cmd, &f.wait)
	bindDryRun(cmd, &f.dryRun)
	cmd.Flags().StringVar(&f.reason, "reason", "", "why; kept with the change")
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	cmd.RunE = func(cmd *cobra.Command, a []string) error {
		if err := checkWait(cmd, f.wait, a[1:]); err != nil {
			return f.bad(err)
		}
		if err := args(cobra.ExactArgs(1))(cmd, a); err != nil {
			return f.bad(err)
		}
		n, err := revisionNumber(a[0])
		if err != nil {
			return f.bad(err)
		}
		r := client.Restore(n, f.reason)
		if f.dryRun {
			return f.preview(cmd, []client.Request{r}, nil)
		}
		b, err := f.batch(cmd, r, nil, true)
		if err == nil {
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "the file is that of revision %d again; this is revision %d\n", n, b.Generation)
		}
		return err
	}
	return cmd
}
