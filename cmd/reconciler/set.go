package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"reconciler/client"
	"reconciler/desired"
)

func newSet() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set STATE [SERVICE...]",
		Short: "Want services running, stopped, completed or absent",
		Long:  "Several services are changed in one revision, or none is when one of them can't be.",
		Example: "  reconciler set stopped web db --reason maintenance\n" +
			"  reconciler set running --group business --wait",
		Args: args(cobra.MinimumNArgs(1)),
	}
	f := bindFlips(cmd)
	bindDryRun(cmd, &f.dryRun)
	services := completeServices(f.client, 1, 0)
	cmd.ValidArgsFunction = func(cmd *cobra.Command, given []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(given) == 0 {
			return states(), cobra.ShellCompDirectiveNoFileComp
		}
		return services(cmd, given, word)
	}
	cmd.RunE = func(cmd *cobra.Command, a []string) error {
		state := desired.State(a[0])
		if !slices.Contains(desired.States(), state) {
			return f.bad(badInput(fmt.Errorf("%q is no state: say running, stopped, completed or absent%s", a[0], desired.Suggest(a[0], states()))))
		}
		return f.want(cmd, a[1:], state, func(service string) client.Request {
			return client.Want(service, state, f.reason)
		})
	}
	return cmd
}

// states are the words for what can be wanted.
func states() []string {
	var words []string
	for _, s := range desired.States() {
		words = append(words, string(s))
	}
	return words
}
