// Command app is what runs in the containers of the tests: it sleeps until it
// is told to end, ignores that, or exits with a code.
package main

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

func main() {
	mode := "sleep"
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	told := make(chan os.Signal, 1)
	switch mode {
	case "sleep", "ignore-term":
		signal.Notify(told, syscall.SIGTERM)
		os.Stdout.WriteString("ready\n") // from now on a signal isn't lost
	default: // a code
		code, err := strconv.Atoi(mode)
		if err != nil {
			code = 99
		}
		os.Exit(code)
	}
	for range told {
		if mode == "sleep" {
			return
		}
	}
}
