package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"reconciler/desired"
)

func newValidate() *cobra.Command {
	return &cobra.Command{
		Use:   "validate [FILE]",
		Short: "Say everything that is wrong with a state file",
		Long:  "Says everything that is wrong with the file (default state.yaml), each with its line and column.\nExits 2 if anything is.",
		Args:  args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, a []string) error {
			file := "state.yaml"
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

func newHealthcheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Exit 0 if a running reconciler works, for a container's HEALTHCHECK",
		Args:  args(cobra.NoArgs),
	}
	c := bindClient(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		_, err := c.do(cmd.Context(), request{method: http.MethodGet, path: "/healthz", accept: "text/plain"})
		return err
	}
	return cmd
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "reconciler %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// stateFile is the file that offline commands read: the flag, else the
// environment, else state.yaml.
func stateFile(cmd *cobra.Command) *string {
	def := "state.yaml"
	if env := os.Getenv("RECONCILER_STATE"); env != "" {
		def = env
	}
	return cmd.Flags().String("state", def, "the file that says what should run ($RECONCILER_STATE)")
}
