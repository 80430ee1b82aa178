// Command memory measures how much memory a reconciler takes while many clients
// ask for the same at once, each route with a process of its own in a cgroup of
// its own:
//
//	make build && sudo go run ./bench/memory -binary bin/reconciler
//
// Given two binaries, separated by a comma, it measures both. It fails only if
// it can't measure. It is for Linux, and makes a cgroup, so it is for root.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"reconciler/bench/rig"
	"reconciler/client"
	"reconciler/internal/siege"
)

// layout is a line of the table: peaks are of the cgroup, of its sockets where
// they are counted apart (v1), and of the process.
const layout = "%-16s %-30s %-8s %12s %10s %10s  %-15s %s\n"

type options struct {
	binaries string
	clients  int
	services int
	limit    int64
	lasts    time.Duration
	only     string
	slow     bool
}

func main() {
	var opt options
	flag.StringVar(&opt.binaries, "binary", "bin/reconciler", "the reconciler to measure, or several, separated by commas")
	flag.IntVar(&opt.clients, "clients", 64, "how many clients ask at once")
	flag.IntVar(&opt.services, "services", 1000, "how many services there are")
	flag.Int64Var(&opt.limit, "limit", 128<<20, "the cgroup's memory in bytes")
	flag.DurationVar(&opt.lasts, "lasts", 5*time.Second, "how long they ask")
	flag.StringVar(&opt.only, "only", "", "a regular expression of the attacks to make; empty: all")
	flag.BoolVar(&opt.slow, "slow", true, "also with clients that read a byte a second")
	rig.Main(func(ctx context.Context) error { return run(ctx, opt) })
}

func run(ctx context.Context, opt options) error {
	chosen, err := regexp.Compile(opt.only)
	if err != nil {
		return err
	}
	fmt.Printf("%d clients, %d services, %s\n\n", opt.clients, opt.services, mebibytes(opt.limit))
	fmt.Printf(layout, "binary", "asked for", "read", "cgroup peak", "sockets", "resident", "ended", "answers")
	for _, a := range append([]siege.Attack{{Name: "nothing (idle)"}}, siege.Attacks(opt.services)...) {
		for _, slow := range []bool{false, true} {
			if a.Slow = slow; !chosen.MatchString(a.Name) || slow && (!opt.slow || a.Path == "") {
				continue
			}
			for _, binary := range strings.Split(opt.binaries, ",") {
				row, err := measure(ctx, opt, binary, a)
				if err != nil {
					return fmt.Errorf("%s: %w", a.Name, err)
				}
				if ctx.Err() != nil {
					return ctx.Err() // it wasn't asked for as long as it should
				}
				fmt.Print(row)
			}
		}
	}
	return nil
}

// measure makes one attack on a process of its own.
func measure(ctx context.Context, opt options, binary string, a siege.Attack) (row string, err error) {
	cage, err := siege.NewCage(fmt.Sprintf("reconciler-bench-%d", os.Getpid()), opt.limit)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, cage.Close()) }()
	dir, err := os.MkdirTemp("", "reconciler-memory-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "state.yaml")
	if err := os.WriteFile(file, []byte(siege.State(opt.services)), 0o644); err != nil {
		return "", err
	}
	address, err := rig.Free()
	if err != nil {
		return "", err
	}
	cmd := cage.Command(binary, "run", "--engine", "sim", "--state", file, "--listen", address, "--log-level", "error")
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in its state
		close(ended)
	}()
	defer func() { // before the cage is closed
		_ = cmd.Process.Kill() // it may have ended
		<-ended
	}()
	if err := ready(ctx, address, ended); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, opt.lasts)
	defer cancel()
	var got siege.Result
	if a.Path == "" {
		<-ctx.Done()
	} else {
		got = siege.Lay(ctx, address, opt.clients, a)
	}
	resident := "?"
	if n, err := siege.Resident(cmd.Process.Pid); err == nil { // else it has ended
		resident = mebibytes(n)
	}
	fate := "no"
	killed, err := cage.Killed()
	if err != nil {
		return "", err
	}
	select {
	case <-ended:
		fate = cmd.ProcessState.String()
	default:
	}
	if killed > 0 {
		fate = "OOM"
	}
	memory, sockets, err := cage.Peak()
	if err != nil {
		return "", err
	}
	pace := "at once"
	if a.Slow {
		pace = "1 byte/s"
	}
	return fmt.Sprintf(layout, filepath.Base(binary), a.Name, pace, mebibytes(memory), mebibytes(sockets), resident, fate, got.String()), nil
}

// ready waits until the loop has looked at everything.
func ready(ctx context.Context, address string, ended <-chan struct{}) error {
	c := &client.Client{Server: "http://" + address}
	deadline := time.After(time.Minute)
	for {
		if c.Ready(ctx) == nil {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ended:
			return errors.New("it ended before it was ready")
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return errors.New("it doesn't become ready")
		}
	}
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
