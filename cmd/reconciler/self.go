package main

import (
	"os"
	"regexp"
)

// ownMount is how the engine mounts a container's own files into it, whatever
// the version of cgroups (moby: daemon/container_operations_unix.go).
var ownMount = regexp.MustCompile(`/containers/([0-9a-f]{64})/(?:hostname|hosts|resolv\.conf)`)

// self returns the container in which this process runs, if it does, by ID,
// with why it must not be stopped.
func self() map[string]string {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil // no /proc: not in a container of Docker
	}
	found := make(map[string]string)
	for _, m := range ownMount.FindAllSubmatch(mounts, -1) {
		found[string(m[1])] = "the container in which reconciler runs"
	}
	return found
}
