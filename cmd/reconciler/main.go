// Command reconciler keeps the containers of a Compose project as a file says.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"reconciler/app"
	"reconciler/client"
	"reconciler/desired"
)

// The exit codes (docs/cli.md).
const (
	exitFailure     = 1
	exitBadInput    = 2 // for plan: there is something to do
	exitLocked      = 3
	exitInterrupted = 130
)

// version is set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Whatever is blocked, as a write to a pipe that nobody reads. run says more,
	// and earlier.
	context.AfterFunc(ctx, func() { time.AfterFunc(app.EndsAtMost, func() { os.Exit(exitInterrupted) }) })
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs one command and returns its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := find(root, args) // an unknown command, with what may have been meant
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	return report(ctx, stderr, err)
}

// report says why a command failed, and returns its exit code.
func report(ctx context.Context, stderr io.Writer, err error) int {
	if err == nil {
		return 0
	}
	code := exitCode(ctx, err)
	text := strings.TrimSpace(clean(err.Error()))
	if code == exitInterrupted {
		text = "interrupted" // whose call broke off is of no use
	}
	if text != "" {
		fmt.Fprintln(stderr, text)
	}
	return code
}

// find fails when no command is named by the arguments.
func find(root *cobra.Command, args []string) error {
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return nil // a shell asks; cobra makes that command when it executes
	}
	_, _, err := root.Find(args)
	return badInput(err)
}

// failure is an error that wants an exit code of its own. An empty text: all
// was said already.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string {
	if f.err == nil {
		return ""
	}
	return f.err.Error()
}
func (f *failure) Unwrap() error { return f.err }

// badInput is err with exit code 2.
func badInput(err error) error {
	if err == nil {
		return nil
	}
	return &failure{exitBadInput, err}
}

func exitCode(ctx context.Context, err error) int {
	var f *failure
	var p *desired.ParseError
	var in *app.InputError
	var at *client.AddressError
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &f):
		return f.code
	case errors.As(err, &p), errors.As(err, &in), errors.As(err, &at), errors.Is(err, desired.ErrDataDir):
		return exitBadInput
	case errors.Is(err, desired.ErrLocked):
		return exitLocked
	}
	return exitFailure
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "reconciler",
		Short:         "Keeps the containers of a Compose project as a file says",
		Long:          "reconciler keeps the containers of a Compose project as a file says: what should run runs,\nwhat should not is stopped, and when it isn't so, it says why.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return badInput(fmt.Errorf("%w; see: %s --help", err, c.CommandPath()))
	})
	root.AddCommand(newRun(), newPlan(), newValidate(), newInit(), newStatus(), newSet(), newStart(), newStop(), newRestart(),
		newSuspend(), newResume(), newWait(), newEvents(), newLogs(), newHistory(), newRollback(), newToken(),
		newCompletion(), newSchema(), newHealthcheck(), newVersion())
	return root
}

// args is check, with the exit code of bad input.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, a []string) error {
		if err := check(c, a); err != nil {
			return badInput(fmt.Errorf("%w; usage: %s", err, c.UseLine()))
		}
		return nil
	}
}
