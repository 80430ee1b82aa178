package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"reconciler/client"
)

func bindDryRun(cmd *cobra.Command, dryRun *bool) {
	cmd.Flags().BoolVar(dryRun, "dry-run", false, "change nothing; show what would be done, and exit 2 if there is something, as plan does")
}

// bad is err with the exit code that it has in a dry run, whose 2 means that
// there is something to do.
func (f *flips) bad(err error) error {
	if f.dryRun {
		return failed(err)
	}
	return err
}

// preview shows what would be done after each of the requests, without making
// it. Where services are given, the answer to each request is about one of
// them. The exit codes are those of plan.
func (f *flips) preview(cmd *cobra.Command, requests []client.Request, services []string) error {
	var text strings.Builder
	pending := false
	for i, r := range requests {
		report, err := f.client.Preview(cmd.Context(), r)
		if err != nil {
			return failed(err)
		}
		if services == nil {
			text.WriteString(report.String())
			pending = report.Pending
			continue
		}
		for _, s := range report.Services {
			if s.Service == services[i] {
				text.WriteString(s.Text + "\n")
				pending = pending || s.Pending
			}
		}
	}
	if _, err := fmt.Fprint(cmd.OutOrStdout(), clean(text.String())); err != nil {
		return err
	}
	if pending {
		return &failure{code: exitBadInput}
	}
	return nil
}
