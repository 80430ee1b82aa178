package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"reconciler/client"
)

func newSuspend() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "suspend [SERVICE...]",
		Short: "Leave services alone, whatever happens to them, for a while or until they are resumed",
		Long: "Nothing is done to a suspended service, while somebody works on it by hand, say. Its wanted state can still be\n" +
			"changed, and takes effect afterwards.",
		Example: "  reconciler suspend web --for 2h --reason debugging\n  reconciler suspend --group business --until 18:00",
	}
	f := bindFlips(cmd)
	bindDryRun(cmd, &f.dryRun)
	f.holds = true
	length := cmd.Flags().Duration("for", 0, "how long (default: until resumed)")
	until := cmd.Flags().String("until", "", "until this `TIME`: 18:00, 2026-12-01, '2026-12-01 18:00', or as in RFC 3339")
	cmd.RunE = func(cmd *cobra.Command, named []string) error {
		held := client.Suspension{For: *length, Reason: f.reason}
		switch {
		case *length != 0 && *until != "":
			return f.bad(badInput(errors.New("say --for or --until, not both")))
		case *length < 0 || cmd.Flags().Changed("for") && *length == 0:
			return f.bad(badInput(fmt.Errorf("--for=%s is no time to come", *length)))
		case *until != "":
			at, err := instant(*until, time.Now())
			if err != nil {
				return f.bad(badInput(err))
			}
			held.Until = at
		}
		return f.hold(cmd, named, func(service string) client.Request { return client.Suspend(service, held) })
	}
	return cmd
}

// hold suspends or resumes each of the services, or shows what would come of
// it.
func (f *flips) hold(cmd *cobra.Command, named []string, ask func(service string) client.Request) error {
	services, err := f.services(cmd, named)
	if err != nil {
		return f.bad(err)
	}
	if !f.dryRun {
		return f.each(cmd, services, ask)
	}
	var requests []client.Request
	for _, s := range services {
		requests = append(requests, ask(s))
	}
	return f.preview(cmd, requests, services)
}

// instant is the time to come that a person writes: a time of day is the next
// of its kind, a day is its beginning, both here.
func instant(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02", "15:04"} {
		at, err := time.ParseInLocation(layout, text, now.Location())
		if err != nil {
			continue
		}
		if layout == "15:04" {
			at = time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), 0, 0, now.Location())
			if !at.After(now) {
				at = time.Date(now.Year(), now.Month(), now.Day()+1, at.Hour(), at.Minute(), 0, 0, now.Location())
			}
		}
		if !at.After(now) {
			return at, fmt.Errorf("--until %s is over", text)
		}
		return at, nil
	}
	return time.Time{}, fmt.Errorf("--until %q is no time; write it like 18:00 or '2026-12-01 18:00'", text)
}
