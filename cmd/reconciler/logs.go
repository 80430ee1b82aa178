package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"reconciler/client"
	"reconciler/desired"
)

func newLogs() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logs SERVICE",
		Short: "Show what a container of a service wrote last",
		Long: "What a terminal would obey is left out, but for line ends and tabs; -o raw leaves everything as it is.\n" +
			"With --follow it goes on until the container ends.",
		Example: "  reconciler logs web --follow\n  reconciler logs web --container shop-web-2 --tail 1000",
		Args:    args(cobra.ExactArgs(1)),
	}
	c := bindClient(cmd.Flags())
	tail := cmd.Flags().Int("tail", 200, "how many lines, at most 10000")
	follow := cmd.Flags().BoolP("follow", "f", false, "go on until the container ends")
	container := cmd.Flags().String("container", "", "of this container (default: the first)")
	output := choose(cmd, "output", "o", "text or raw", "text", "raw")
	cmd.ValidArgsFunction = completeServices(c, 0, 1)
	cmd.RunE = func(cmd *cobra.Command, a []string) error {
		if *tail < 0 || *tail > 10000 {
			return badInput(fmt.Errorf("--tail %d is not from 0 to 10000", *tail))
		}
		logs, err := c.Logs(cmd.Context(), a[0], client.LogOptions{Tail: *tail, Follow: *follow, Container: *container})
		if err != nil {
			return err
		}
		defer logs.Close()
		if output.value == "raw" {
			_, err = io.Copy(cmd.OutOrStdout(), logs)
		} else {
			err = copyClean(cmd.OutOrStdout(), logs)
		}
		if err != nil && cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
		if err != nil {
			return fmt.Errorf("read the logs of %s: %w", a[0], err)
		}
		return nil
	}
	return cmd
}

// copyClean copies a text as clean does, and holds nothing back while it waits
// for more.
func copyClean(w io.Writer, r io.Reader) error {
	in, out := bufio.NewReader(r), bufio.NewWriter(w)
	for {
		c, _, err := in.ReadRune()
		if errors.Is(err, io.EOF) {
			return out.Flush()
		}
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		if !desired.Harmful(c) {
			if _, err := out.WriteRune(c); err != nil {
				return err
			}
		}
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
}
