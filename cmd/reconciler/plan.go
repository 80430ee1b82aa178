package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"reconciler/app"
	"reconciler/desired"
	"reconciler/reconcile"
	"reconciler/reconcile/containers"
)

func newPlan() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would be done, and why or why not",
		Long: "Shows what would be done now to the containers of the engine by the file, and why or why not.\n" +
			"It needs no running reconciler and changes nothing. Exits 0 if there is nothing to do, 2 if there is.\n" +
			"With --server, or $RECONCILER_SERVER and no flag that says where to look, a running one is asked: it knows, too,\n" +
			"what others are doing just now, what has crashed how often, and what it runs in itself and so doesn't stop.",
		Example: "  reconciler plan\n  reconciler plan --server http://127.0.0.1:8480 -o json",
		Args:    args(cobra.NoArgs),
	}
	c := bindClient(cmd.Flags())
	file := stateFile(cmd)
	dataDir := cmd.Flags().String("data-dir", "", "what a running reconciler remembers (default .reconciler beside the state file)")
	kind := cmd.Flags().String("engine", "docker", "docker or sim")
	host := cmd.Flags().String("docker-host", "", "the engine's address (default $DOCKER_HOST, else the usual socket)")
	output := cmd.Flags().StringP("output", "o", "text", "text or json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *output != "text" && *output != "json" {
			return failed(fmt.Errorf("-o %s: it is text or json", *output))
		}
		asks, err := asksServer(cmd.Flags())
		if err != nil {
			return failed(err)
		}
		var report reconcile.Report
		if asks {
			report, err = c.Plan(cmd.Context())
		} else {
			report, err = look(cmd.Context(), *file, *dataDir, *kind, *host)
		}
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

// asksServer reports whether a running reconciler is asked for its plan. It fails
// where both that and where to look is said.
func asksServer(flags *pflag.FlagSet) (bool, error) {
	for _, name := range []string{"state", "data-dir", "engine", "docker-host"} {
		if !flags.Changed(name) {
			continue
		}
		if flags.Changed("server") {
			return false, fmt.Errorf("--server and --%s: a running reconciler looks by its own settings; give one of them", name)
		}
		return false, nil
	}
	return flags.Changed("server") || os.Getenv("RECONCILER_SERVER") != "", nil
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
	world, err := app.OpenEngine(kind, host, doc, nil)
	if err != nil {
		return reconcile.Report{}, err
	}
	drive, err := containers.Once(ctx, world, app.Self(file), doc)
	if err != nil {
		return reconcile.Report{}, err
	}
	return reconcile.Look(drive, doc, memory, time.Now())
}
