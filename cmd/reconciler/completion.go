package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reconciler/client"
	"reconciler/desired"
)

func newCompletion() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	cmd := &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print what teaches a shell to complete these commands",
		Long: "Prints a script for bash, zsh, fish or powershell. The names of services and groups come from the running\n" +
			"reconciler, else from the state file ($RECONCILER_STATE, else state.yaml).",
		Example:   "  source <(reconciler completion bash)\n  reconciler completion fish > ~/.config/fish/completions/reconciler.fish",
		Args:      args(cobra.ExactArgs(1)),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, a []string) error {
			root, out := cmd.Root(), cmd.OutOrStdout()
			switch a[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			}
			return badInput(fmt.Errorf("%q is no shell that is known here: say bash, zsh, fish or powershell%s", a[0], desired.Suggest(a[0], shells)))
		},
	}
	return cmd
}

// longestAsk is how long somebody who pressed Tab waits at most.
const longestAsk = time.Second

// completeServices completes the names of services after the first so many
// arguments; most is how many services there may be, 0: any number.
func completeServices(c *client.Client, after, most int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, given []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if given = given[min(after, len(given)):]; most > 0 && len(given) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		services, _ := known(cmd.Context(), c)
		services = slices.DeleteFunc(services, func(s string) bool { return slices.Contains(given, s) })
		return services, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlags completes those flags of the command that name services or a
// group.
func completeFlags(cmd *cobra.Command, c *client.Client) {
	for flag, ask := range map[string]cobra.CompletionFunc{
		"service": completeServices(c, 0, 0),
		"group": func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			_, groups := known(cmd.Context(), c)
			return groups, cobra.ShellCompDirectiveNoFileComp
		},
	} {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, ask) // fails only where there is no such flag
		}
	}
}

// known are the names of the services and the groups, as the server says, else
// as the state file does; nothing if neither is there.
func known(ctx context.Context, c *client.Client) (services, groups []string) {
	ctx, cancel := context.WithTimeout(ctx, longestAsk)
	defer cancel()
	if o, err := c.Overview(ctx); err == nil {
		for _, n := range o.Services {
			services, groups = append(services, n.Name), append(groups, n.Groups...)
		}
	} else if doc, err := desired.ReadFile(defaultState()); err == nil {
		for _, s := range doc.Services {
			services, groups = append(services, s.Name), append(groups, doc.GroupsOf(s.Name)...)
		}
	}
	slices.Sort(groups)
	odd := func(name string) bool { return name != clean(name) || strings.ContainsAny(name, "\n\t ") }
	return slices.DeleteFunc(services, odd), slices.DeleteFunc(slices.Compact(groups), odd)
}
