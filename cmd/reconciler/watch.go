package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"reconciler/client"
)

// A watcher looks when an event is heard, and in any case this often; more
// often where there is no stream of events. After a look it rests, since
// events come in bursts.
const (
	lookEvery      = 2 * time.Second
	lookEveryAlone = time.Second
	restAfterLook  = 100 * time.Millisecond
)

// watch shows what look writes whenever that changes, until interrupted. On a
// terminal it is drawn in place. A server that can't be asked at first is an
// error, later on it is waited for.
func watch(cmd *cobra.Command, c *client.Client, look func(io.Writer, screen) error) error {
	ctx, end := context.WithCancel(cmd.Context())
	wake, ended := make(chan struct{}, 1), make(chan struct{})
	defer func() { end(); <-ended }()
	go func() {
		defer close(ended)
		ring := func() {
			select {
			case wake <- struct{}{}:
			default: // it rings already
			}
		}
		// Why there is no stream is of no use to whoever looks at a table.
		_ = c.Follow(ctx, client.Stream{}, func(client.Message) error { ring(); return nil }, func(error) { ring() })
	}()
	alone := ended
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var shown, last string
	for looks := 0; ; looks++ {
		s := screenOf(cmd.OutOrStdout())
		var now bytes.Buffer
		err := look(&now, s)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && looks == 0:
			return err
		case err == nil:
			last = now.String()
		}
		text := last
		if err != nil {
			text += clean(err.Error()) + "\n"
		}
		// A window that was resized has lost what was drawn.
		if key := fmt.Sprint(s, text); key != shown {
			if err := draw(cmd.OutOrStdout(), s, text, looks); err != nil {
				return err
			}
			shown = key
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(restAfterLook):
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
		case <-tick.C:
		case <-alone:
			alone = nil
			tick.Reset(lookEveryAlone)
		}
	}
}

// draw shows the table: in place on a terminal, else below the one before.
func draw(w io.Writer, s screen, text string, looks int) error {
	if s.terminal {
		return s.frame(w, text)
	}
	if looks > 0 {
		text = "\n" + text
	}
	_, err := io.WriteString(w, text)
	return err
}
