package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reconciler/api/wire"
	"reconciler/client"
	"reconciler/desired"
)

func newHistory() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history [N]",
		Short: "Show what was changed, by whom and why; or one revision",
		Long: "Shows the revisions that are kept, the newest first. With a number it shows that revision's state file, what is\n" +
			"known of it in comments before; with --diff only how it differs from the one before.",
		Example: "  reconciler history\n  reconciler history 12 --diff\n  reconciler history 12 > state-12.yaml",
		Args:    args(cobra.MaximumNArgs(1)),
	}
	c := bindClient(cmd.Flags())
	output := choose(cmd, "output", "o", "table or json", "table", "json")
	diff := cmd.Flags().Bool("diff", false, "how revision N differs from the one before")
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	cmd.RunE = func(cmd *cobra.Command, a []string) error {
		var n int64
		if len(a) > 0 {
			var err error
			if n, err = revisionNumber(a[0]); err != nil {
				return err
			}
		}
		if *diff && (len(a) == 0 || output.value == "json") {
			return badInput(fmt.Errorf("--diff goes with a revision's number, and not with -o json"))
		}
		if len(a) == 0 {
			list, raw, err := c.Revisions(cmd.Context())
			switch {
			case err != nil:
				return err
			case output.value == "json":
				return writeJSON(cmd.OutOrStdout(), raw)
			}
			writeHistory(cmd.OutOrStdout(), screenOf(cmd.OutOrStdout()), list.Revisions)
			return nil
		}
		r, raw, err := c.Revision(cmd.Context(), n)
		switch {
		case err != nil:
			return err
		case output.value == "json":
			return writeJSON(cmd.OutOrStdout(), raw)
		case *diff:
			return compare(cmd, c, r)
		}
		_, err = io.WriteString(cmd.OutOrStdout(), comment(r.Revision)+clean(r.State))
		return err
	}
	return cmd
}

// revisionNumber is N of history and rollback.
func revisionNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, badInput(fmt.Errorf("%q is no revision's number; see: reconciler history", text))
	}
	return n, nil
}

// writeHistory is the table of the revisions.
func writeHistory(w io.Writer, s screen, revisions []desired.Revision) {
	t := table{{"REVISION", "TIME", "KIND", "ACTOR", "SUMMARY", "REASON"}}
	for _, r := range revisions {
		t = append(t, []string{strconv.FormatInt(r.Generation, 10), r.Time.Format(time.RFC3339), r.Kind, r.Actor, r.Summary, r.Reason})
	}
	t.write(w, s, nil)
}

// comment is what is known of a revision, as comments of YAML.
func comment(r desired.Revision) string {
	words := fmt.Sprintf("revision %d (%s), %s, by %s", r.Generation, r.Kind, r.Time.Format(time.RFC3339), r.Actor)
	for _, more := range []string{r.Summary, r.Reason} {
		if more != "" {
			words += "\n" + more
		}
	}
	return "# " + strings.ReplaceAll(clean(words), "\n", "\n# ") + "\n"
}

// compare prints how the revision's file differs from that of the revision
// before it.
func compare(cmd *cobra.Command, c *client.Client, r wire.RevisionText) error {
	list, _, err := c.Revisions(cmd.Context())
	if err != nil {
		return err
	}
	newest := int64(0) // of those before it
	for _, other := range list.Revisions {
		if other.Kind == r.Kind && other.Generation < r.Generation {
			newest = max(newest, other.Generation)
		}
	}
	if newest == 0 {
		return fmt.Errorf("no revision before %d is kept to compare it with", r.Generation)
	}
	before, _, err := c.Revision(cmd.Context(), newest)
	if err != nil {
		return err
	}
	name := func(r wire.RevisionText) string {
		return fmt.Sprintf("revision %d\t%s", r.Generation, r.Time.Format(time.RFC3339))
	}
	_, err = io.WriteString(cmd.OutOrStdout(), clean(unified(name(before), name(r), before.State, r.State)))
	return err
}
