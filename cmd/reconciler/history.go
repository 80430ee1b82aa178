package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// revision is one accepted change (docs/http.md).
type revision struct {
	Generation int64     `json:"generation"`
	Kind       string    `json:"kind"`
	Time       time.Time `json:"time"`
	Actor      string    `json:"actor"`
	Reason     string    `json:"reason"`
	Summary    string    `json:"summary"`
	State      string    `json:"state"` // the file's text; only where one revision was asked for
}

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
		path := "/v1/revisions"
		if len(a) > 0 {
			n, err := revisionNumber(a[0])
			if err != nil {
				return err
			}
			path += "/" + strconv.FormatInt(n, 10)
		}
		if *diff && (len(a) == 0 || output.value == "json") {
			return badInput(fmt.Errorf("--diff goes with a revision's number, and not with -o json"))
		}
		var src json.RawMessage
		if err := c.get(cmd.Context(), path, nil, &src); err != nil {
			return err
		}
		if output.value == "json" {
			return writeJSON(cmd.OutOrStdout(), src)
		}
		if len(a) == 0 {
			var h history
			if err := c.decode(reply{body: src}, &h); err != nil {
				return err
			}
			h.write(cmd.OutOrStdout(), screenOf(cmd.OutOrStdout()))
			return nil
		}
		var r revision
		if err := c.decode(reply{body: src}, &r); err != nil {
			return err
		}
		if *diff {
			return c.compare(cmd, r)
		}
		_, err := io.WriteString(cmd.OutOrStdout(), r.comment()+clean(r.State))
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

// history is what the server keeps, the newest first.
type history struct {
	Generation int64      `json:"generation"` // in force
	Revisions  []revision `json:"revisions"`
}

func (h history) write(w io.Writer, s screen) {
	t := table{{"REVISION", "TIME", "KIND", "ACTOR", "SUMMARY", "REASON"}}
	for _, r := range h.Revisions {
		t = append(t, []string{strconv.FormatInt(r.Generation, 10), r.Time.Format(time.RFC3339), r.Kind, r.Actor, r.Summary, r.Reason})
	}
	t.write(w, s, nil)
}

// comment is what is known of a revision, as comments of YAML.
func (r revision) comment() string {
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
func (c *client) compare(cmd *cobra.Command, r revision) error {
	var h history
	if err := c.get(cmd.Context(), "/v1/revisions", nil, &h); err != nil {
		return err
	}
	var before revision
	for _, other := range h.Revisions {
		if other.Kind == r.Kind && other.Generation < r.Generation && other.Generation > before.Generation {
			before = other
		}
	}
	if before.Generation == 0 {
		return fmt.Errorf("no revision before %d is kept to compare it with", r.Generation)
	}
	if err := c.get(cmd.Context(), fmt.Sprintf("/v1/revisions/%d", before.Generation), nil, &before); err != nil {
		return err
	}
	name := func(r revision) string {
		return fmt.Sprintf("revision %d\t%s", r.Generation, r.Time.Format(time.RFC3339))
	}
	_, err := io.WriteString(cmd.OutOrStdout(), clean(unified(name(before), name(r), before.State, r.State)))
	return err
}
