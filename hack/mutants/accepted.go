package main

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed accepted.txt
var acceptedText string

// readAccepted returns which mutations may survive, by key, and why each may.
func readAccepted() (map[string]string, error) {
	accepted := make(map[string]string)
	for line := range strings.Lines(acceptedText) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, why, ok := strings.Cut(line, " // ")
		if !ok || why == "" {
			return nil, fmt.Errorf("accepted.txt: %q says no reason", line)
		}
		accepted[key] = why
	}
	return accepted, nil
}
