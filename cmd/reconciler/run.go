package main

import (
	"os"

	"github.com/spf13/cobra"

	"reconciler/app"
	"reconciler/config"
)

func newRun() *cobra.Command {
	conf := config.Default()
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Keep the containers as the file says, until told to end",
		Long: "Keeps the containers as the file says, until told to end (SIGINT, SIGTERM), and serves the API, the page\n" +
			"and the metrics meanwhile. Ending it stops no container, and takes 12 s at most, whatever is blocked.\n" +
			"SIGHUP reads everything again. Under systemd it says when it is ready and feeds the watchdog\n" +
			"(Type=notify-reload, WatchdogSec=30s). Each flag can also be set by an environment variable:\n" +
			"--log-level by RECONCILER_LOG_LEVEL.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := config.FromEnv(cmd.Flags(), os.LookupEnv); err != nil {
				return badInput(err)
			}
			if err := conf.Validate(); err != nil {
				return badInput(err)
			}
			process := app.Own(cmd.Context(), cmd.ErrOrStderr(), func() { os.Exit(exitFailure) })
			defer process.Close()
			if err := process.Run(cmd.Context(), conf, version); err != nil {
				return &failure{report(cmd.Context(), process, err), nil}
			}
			return nil
		},
	}
	conf.Bind(cmd.Flags())
	return cmd
}
