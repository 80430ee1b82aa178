package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"reconciler/client"
	"reconciler/reconcile"
)

func newEvents() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Show what happened lately, and what happens",
		Long: "Shows the events that the server still knows. With --follow it goes on until interrupted, also when the server\n" +
			"is started anew; events that were missed are said to be. With -o json each event is one line.",
		Example: "  reconciler events --follow\n  reconciler events --service web -o json",
		Args:    args(cobra.NoArgs),
	}
	c := bindClient(cmd.Flags())
	follow := cmd.Flags().BoolP("follow", "f", false, "go on until interrupted")
	service := cmd.Flags().String("service", "", "only the events of this service")
	output := choose(cmd, "output", "o", "text or json", "text", "json")
	completeFlags(cmd, c)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		known, err := c.Events(cmd.Context(), *service)
		if err != nil {
			return err
		}
		after := ""
		for _, src := range known {
			e, err := tellEvent(cmd.OutOrStdout(), "", src, output.value)
			if err != nil {
				return err
			}
			after = e.ID
		}
		if !*follow {
			return nil
		}
		return c.Follow(cmd.Context(), client.Stream{Service: *service, After: after}, func(m client.Message) error {
			_, err := tellEvent(cmd.OutOrStdout(), m.Event, []byte(m.Data), output.value)
			return err
		}, func(err error) {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s; trying again\n", clean(err.Error()))
		})
	}
	return cmd
}

// tellEvent prints an event, in one line. kind is what the stream says of it;
// empty: nothing.
func tellEvent(w io.Writer, kind string, src []byte, output string) (e reconcile.Entry, err error) {
	if kind == "gap" && len(src) == 0 {
		src = []byte(`{"kind":"gap"}`)
	}
	if err := json.Unmarshal(src, &e); err != nil {
		return e, fmt.Errorf("read an event: %w", err)
	}
	if e.Kind == "" {
		e.Kind = reconcile.Kind(kind)
	}
	line := inWords(e)
	if output == "json" {
		var flat bytes.Buffer
		_ = json.Compact(&flat, src) // it was read already
		line = flat.String()
	}
	_, err = fmt.Fprintln(w, strings.Join(strings.Split(clean(line), "\n"), " "))
	return e, err
}

// inWords is the event in a line of words: when, what, of which service, and
// what else is known.
func inWords(e reconcile.Entry) string {
	var b strings.Builder
	if !e.Time.IsZero() {
		b.WriteString(e.Time.Format("2006-01-02T15:04:05Z07:00") + "  ")
	}
	b.WriteString(string(e.Kind))
	if e.Service != "" {
		b.WriteString("  " + e.Service)
	}
	if e.Kind == "gap" {
		b.WriteString(": some events before this are lost")
	}
	for _, part := range []struct{ before, text string }{
		{": ", strings.TrimSpace(string(e.Verb) + " " + e.Container)},
		{": ", string(e.Reason)},
		{": ", string(e.Cause)},
		{", since ", string(e.Trigger)},
		{": ", e.Message},
		{": ", string(e.Outcome)},
		{": ", e.Error},
		{", by ", e.Actor},
		{", took ", e.Took},
	} {
		if part.text != "" {
			b.WriteString(part.before + part.text)
		}
	}
	if e.Generation > 0 {
		fmt.Fprintf(&b, " (revision %d)", e.Generation)
	}
	return b.String()
}
