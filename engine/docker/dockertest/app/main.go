// Command app is what runs in the containers of the tests: it sleeps until it
// is told to end, ignores that, exits with a code, crashes after a second, or
// takes memory until it is killed.
// What stands behind that on its command line it writes first, a line each.
// SIGHUP makes it sick until it is started again: then `app probe`, which is its
// healthcheck, exits with 1.
// `app forward FROM TO` is a proxy.
package main

import (
	"bytes"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sick is there while it is.
const sick = "/sick"

func main() {
	mode := "sleep"
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	told := make(chan os.Signal, 1)
	switch mode {
	case "probe":
		if _, err := os.Stat(sick); err == nil {
			os.Exit(1)
		}
		return
	case "forward":
		os.Stderr.WriteString(forward(os.Args[2], os.Args[3]).Error() + "\n")
		os.Exit(1)
	case "sleep", "ignore-term":
		_ = os.Remove(sick) // mostly it isn't there
		signal.Notify(told, syscall.SIGTERM, syscall.SIGHUP)
		os.Stdout.WriteString("ready\n") // from now on a signal isn't lost
		say(os.Args)
	case "hungry":
		for all := [][]byte{}; ; {
			all = append(all, bytes.Repeat([]byte("x"), 1<<20))
		}
	case "crash":
		<-time.After(time.Second)
		os.Exit(1)
	default: // a code
		say(os.Args)
		code, err := strconv.Atoi(mode)
		if err != nil {
			code = 99
		}
		os.Exit(code)
	}
	for signal := range told {
		if signal == syscall.SIGHUP {
			if err := os.WriteFile(sick, nil, 0o644); err != nil {
				os.Stderr.WriteString(err.Error() + "\n")
			}
			continue
		}
		if mode == "sleep" {
			os.Stdout.WriteString("told to end\n")
			return
		}
	}
}

// say writes what stands behind the mode; what begins with "error", to the
// standard error.
func say(args []string) {
	for _, line := range args[min(2, len(args)):] {
		to := os.Stdout
		if strings.HasPrefix(line, "error") {
			to = os.Stderr
		}
		to.WriteString(line + "\n")
	}
}
