package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"reconciler/config"
)

var update = flag.Bool("update", false, "rewrite docs/cli.md")

func TestTheManualIsThatOfTheCommands(t *testing.T) {
	const file = "../../docs/cli.md"
	t.Setenv("RECONCILER_STATE", "")
	t.Setenv("RECONCILER_SERVER", "")
	want := manual(newRoot())
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/cli.md is not that of the commands; go test ./cmd/reconciler -update (-want +got):\n%s", diff)
	}
}

func manual(root *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Commands\n\n<!-- Written by: go test ./cmd/reconciler -update -->\n\n"+
		"`plan`, `validate`, `init`, `token`, `completion` and `version` need no running reconciler; the others but `run` speak\n"+
		"HTTP to one: `--server`, else `RECONCILER_SERVER`. `RECONCILER_TOKEN` is sent to it. A server whose certificate is of\n"+
		"an authority of your own: name that authority's file in `SSL_CERT_FILE`.\n\n"+
		"Exit codes: 0, 1 failure, 2 bad input (of `plan` and with `--dry-run`: there is something to do), 3 another instance\n"+
		"runs, 130 interrupted. Tables are cut to the width of a terminal, and coloured there unless `NO_COLOR` is set.\n")
	describe(&b, root)
	return b.String()
}

// describe writes down each command below parent; of one that only holds
// others, these.
func describe(b *strings.Builder, parent *cobra.Command) {
	for _, c := range parent.Commands() {
		switch {
		case c.Hidden || !c.IsAvailableCommand():
			continue
		case c.HasAvailableSubCommands():
			describe(b, c)
			continue
		}
		_, name, _ := strings.Cut(c.CommandPath(), " ")
		fmt.Fprintf(b, "\n## %s\n\n%s.\n\n```\n%s\n", name, c.Short, c.UseLine())
		if c.Example != "" {
			fmt.Fprintf(b, "\n%s\n", strings.TrimRight(c.Example, "\n"))
		}
		b.WriteString("```\n")
		if c.Long != "" {
			fmt.Fprintf(b, "\n%s\n", c.Long)
		}
		if flags := c.LocalFlags().FlagUsages(); flags != "" {
			fmt.Fprintf(b, "\n```\n%s```\n", flags)
		}
		if c.Name() == "run" {
			fmt.Fprintf(b, "\n`--log-level` is also `%s`, and so on for each flag; a flag beats the environment.\n", config.EnvName("log-level"))
		}
	}
}
