package main

import (
	"os"

	"github.com/spf13/cobra"
)

// stateFile makes --state a flag of a command that needs no server.
func stateFile(cmd *cobra.Command) *string {
	return cmd.Flags().String("state", defaultState(), "the file that says what should run ($RECONCILER_STATE)")
}

// defaultState is the file that is meant where none is named: the
// environment's, else state.yaml.
func defaultState() string {
	if file := os.Getenv("RECONCILER_STATE"); file != "" {
		return file
	}
	return "state.yaml"
}
