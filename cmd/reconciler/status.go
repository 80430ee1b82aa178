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
)

func newStatus() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "status [SERVICE...]",
		Short:   "Show what should run, what runs, and why not",
		Example: "  reconciler status\n  reconciler status web -o json",
	}
	c := bindClient(cmd.Flags())
	output := choose(cmd, "output", "o", "table, wide, json or yaml", "table", "wide", "json", "yaml")
	cmd.ValidArgsFunction = completeServices(c, 0, 0)
	cmd.RunE = func(cmd *cobra.Command, named []string) error {
		o, err := c.overview(cmd.Context())
		if err != nil {
			return err
		}
		if o.Services, err = only(o.Services, named); err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), o, output.value)
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

func show(w io.Writer, o reconcile.Overview, output string) error {
	switch output {
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(o)
	case "yaml":
		src, err := json.Marshal(o) // the names are those of the JSON form
		if err != nil {
			return err
		}
		var tree any
		if err := yaml.Unmarshal(src, &tree); err != nil {
			return err
		}
		enc := yaml.NewEncoder(w)
		enc.SetIndent(2)
		return enc.Encode(tree)
	}
	t := table{{"SERVICE", "DESIRED", "STATUS", "READY", "WHY, AND WHAT HAPPENS NEXT"}}
	if output == "wide" {
		t = table{{"SERVICE", "DESIRED", "STATUS", "READY", "REPLICAS", "RESTARTS", "CONTAINERS", "WHY, AND WHAT HAPPENS NEXT"}}
	}
	for _, n := range o.Services {
		ready := "no"
		if n.Ready {
			ready = "yes"
		}
		row := []string{n.Name, n.Desired, string(n.Status), ready}
		if n.Suspended != nil {
			row[1] += " (suspended)"
		}
		if output == "wide" {
			var names []string
			restarts := 0
			for _, c := range n.Containers {
				names = append(names, c.Name)
				restarts += c.Restarts
			}
			row = append(row, fmt.Sprintf("%d/%d", n.Replicas.Running, n.Replicas.Desired), fmt.Sprint(restarts), strings.Join(names, ","))
		}
		t = append(t, append(row, n.Message))
	}
	t.write(w)
	for _, n := range o.Services {
		for _, warning := range n.Warnings {
			fmt.Fprintf(w, "%s: warning: %s\n", clean(n.Name), clean(warning))
		}
	}
	for _, orphan := range o.Orphans {
		fmt.Fprintf(w, "orphan %s (%s): %s; it is left alone\n", clean(orphan.Name), orphan.State, clean(orphan.Message))
	}
	return nil
}
