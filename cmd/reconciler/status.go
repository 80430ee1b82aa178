package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"reconciler/desired"
	"reconciler/reconcile"
	"reconciler/reconcile/plan"
)

func newStatus() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status [SERVICE...]",
		Short: "Show what should run, what runs, and why not",
		Long: "On a terminal the table is cut to its width, but with -o wide. With --watch it is drawn anew whenever something\n" +
			"changes, until interrupted; in a pipe each change is another table.",
		Example: "  reconciler status\n  reconciler status --watch\n  reconciler status web -o json",
	}
	c := bindClient(cmd.Flags())
	output := choose(cmd, "output", "o", "table, wide, json or yaml", "table", "wide", "json", "yaml")
	watching := cmd.Flags().BoolP("watch", "w", false, "go on until interrupted, and show each change")
	cmd.ValidArgsFunction = completeServices(c, 0, 0)
	cmd.RunE = func(cmd *cobra.Command, named []string) error {
		look := func(w io.Writer, s screen) error {
			o, err := c.Overview(cmd.Context())
			if err != nil {
				return err
			}
			if o.Services, err = only(o.Services, named); err != nil {
				return err
			}
			return show(w, s, o, output.value)
		}
		if *watching {
			if output.value != "table" && output.value != "wide" {
				return badInput(fmt.Errorf("--watch goes with -o table or wide; for programs there is: reconciler events --follow -o json"))
			}
			return watch(cmd, c, look)
		}
		s := screenOf(cmd.OutOrStdout())
		if output.value == "wide" {
			s.width = 0
		}
		return look(cmd.OutOrStdout(), s)
	}
	return cmd
}

// only keeps the services that were named; none named: all.
func only(all []reconcile.Service, named []string) ([]reconcile.Service, error) {
	if len(named) == 0 {
		return all, nil
	}
	var names []string
	for _, n := range all {
		names = append(names, n.Name)
	}
	for _, name := range named {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("the file lists no service %q%s", name, desired.Suggest(name, names))
		}
	}
	return slices.DeleteFunc(all, func(n reconcile.Service) bool { return !slices.Contains(named, n.Name) }), nil
}

func show(w io.Writer, s screen, o reconcile.Overview, output string) error {
	switch output {
	case "json":
		return writeJSON(w, o)
	case "yaml":
		src, err := json.Marshal(o) // the names are those of the JSON form
		if err != nil {
			return err
		}
		var tree any
		if err := yaml.Unmarshal(desired.HarmlessJSON(src), &tree); err != nil {
			return err
		}
		var text strings.Builder
		enc := yaml.NewEncoder(&text)
		enc.SetIndent(2)
		if err := enc.Encode(tree); err != nil {
			return err
		}
		_, err = io.WriteString(w, clean(text.String()))
		return err
	}
	t := table{{"SERVICE", "DESIRED", "STATUS", "READY", "WHY, AND WHAT HAPPENS NEXT"}}
	if output == "wide" {
		t = table{{"SERVICE", "DESIRED", "STATUS", "READY", "REPLICAS", "RESTARTS", "CONTAINERS", "WHY, AND WHAT HAPPENS NEXT"}}
	}
	for _, n := range o.Services {
		t = append(t, row(n, output == "wide"))
	}
	t.write(w, s, func(row, column int) hue {
		if row == 0 || column != 2 {
			return 0
		}
		return hueOf(o.Services[row-1])
	})
	for _, n := range o.Services {
		for _, warning := range n.Warnings {
			fmt.Fprintf(w, "%s: warning: %s\n", clean(n.Name), clean(warning))
		}
	}
	for _, warning := range o.Warnings {
		fmt.Fprintf(w, "warning: %s\n", clean(warning))
	}
	for _, orphan := range o.Orphans {
		fmt.Fprintf(w, "orphan %s (%s): %s; it is left alone\n", clean(orphan.Name), clean(string(orphan.State)), clean(orphan.Message))
	}
	return nil
}

// row is what the table says of a service.
func row(n reconcile.Service, wide bool) []string {
	ready := "no"
	if n.Ready {
		ready = "yes"
	}
	cells := []string{n.Name, n.Desired, string(n.Status), ready}
	if n.Suspended != nil {
		cells[1] += " (suspended)"
	}
	if wide {
		var names []string
		restarts := 0
		for _, c := range n.Containers {
			names = append(names, c.Name)
			restarts += c.Restarts
		}
		cells = append(cells, fmt.Sprintf("%d/%d", n.Replicas.Running, n.Replicas.Desired), fmt.Sprint(restarts), strings.Join(names, ","))
	}
	return append(cells, n.Message)
}

// hueOf is green for what is as wanted, red for what nothing more will be done
// about by itself or has gone wrong, and yellow for what is under way.
func hueOf(n reconcile.Service) hue {
	switch {
	case n.StalledReason() != "", n.Status == plan.StatusUnhealthy, n.Status == plan.StatusBackingOff, n.Status == plan.StatusMissing:
		return wrong
	case n.Converged:
		return fine
	}
	return doubt
}
