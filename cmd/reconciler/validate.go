package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"reconciler/desired"
)

func newValidate() *cobra.Command {
	return &cobra.Command{
		Use:   "validate [FILE]",
		Short: "Say everything that is wrong with a state file",
		Long:  "Says everything that is wrong with the file (default $RECONCILER_STATE, else state.yaml), each with its line and column.\nExits 2 if anything is.",
		Args:  args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, a []string) error {
			file := defaultState()
			if len(a) > 0 {
				file = a[0]
			}
			doc, err := desired.ReadFile(file)
			if err != nil {
				return badInput(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: valid: project %s, %d services, %d groups\n", file, doc.Project, len(doc.Services), len(doc.Groups))
			return nil
		},
	}
}
