// Package rig is what the commands that measure have in common.
package rig

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
)

// Main parses the flags, and measures until that is done or somebody interrupts
// it. What it fails with is printed, and ends the process with 1.
func Main(measure func(ctx context.Context) error) {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

// Free returns an address of this host at which nobody listens now.
func Free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
