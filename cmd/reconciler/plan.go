package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"reconciler/desired"
	"reconciler/reconcile"
)

func newPlan() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would be done, and why or why not",
		Long: "Shows what would be done now to the containers of the engine by the file, and why or why not.\n" +
			"It needs no running reconciler and changes nothing. Exits 0 if there is nothing to do, 2 if there is.\n" +
			"What a reconciler in a container runs in, and so doesn't stop, is known in there only: docker exec NAME /reconciler plan",
		Args: args(cobra.NoArgs),
	}
	file := stateFile(cmd)
	dataDir := cmd.Flags().String("data-dir", "", "what a running reconciler remembers (default .reconciler beside the state file)")
	kind := cmd.Flags().String("engine", "docker", "docker or sim")
	host := cmd.Flags().String("docker-host", "", "the engine's address (default $DOCKER_HOST, else the usual socket)")
	output := cmd.Flags().StringP("output", "o", "text", "text or json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *output != "text" && *output != "json" {
			return failed(fmt.Errorf("-o %s: it is text or json", *output))
		}
		report, err := look(cmd.Context(), *file, *dataDir, *kind, *host)
		if err != nil {
			return failed(err)
		}
		if *output == "json" {
			err = writeJSON(cmd.OutOrStdout(), report)
		} else {
			_, err = fmt.Fprint(cmd.OutOrStdout(), clean(report.String()))
		}
		if err == nil && report.Pending {
			return &failure{code: exitBadInput}
		}
		return err
	}
	return cmd
}

// failed is an error of plan, whose exit code 2 means something else.
func failed(err error) error { return &failure{exitFailure, err} }

func look(ctx context.Context, file, dataDir, kind, host string) (reconcile.Report, error) {
	doc, err := desired.ReadFile(file)
	if err != nil {
		return reconcile.Report{}, err
	}
	if dataDir == "" {
		dataDir = filepath.Join(filepath.Dir(file), ".reconciler")
	}
	memory, err := desired.ReadMemory(dataDir)
	if err != nil {
		return reconcile.Report{}, err
	}
	world, err := openEngine(kind, host, doc, nil)
	if err != nil {
		return reconcile.Report{}, err
	}
	return reconcile.Look(ctx, reconcile.Options{Engine: world, Now: time.Now, Self: self(file)}, doc, memory)
}
