package main

import (
	"github.com/spf13/cobra"

	"reconciler/desired"
)

func newSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the state file, for editors",
		Long: "Prints the JSON Schema of the state file. With it an editor completes and checks what is written:\n" +
			"put `# yaml-language-server: $schema=state.schema.json` into the file's first line.",
		Example: "  reconciler schema > state.schema.json",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(desired.Schema())
			return err
		},
	}
}
