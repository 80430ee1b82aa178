package main

import (
	"fmt"
	"math"
	"os"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// memoryShare is how much of the cgroup's memory Go keeps within: the rest is
// for the program's own pages and for what the kernel holds for its sockets.
const memoryShare = 0.8

// limitMemory makes Go keep within the memory of the process's cgroup, v1 or
// v2, and returns what is to be told of that. What GOMEMLIMIT says is left as it
// is.
func limitMemory() string {
	if said, set := os.LookupEnv("GOMEMLIMIT"); set {
		return "GOMEMLIMIT=" + clean(said) + ", as the environment says"
	}
	limit, err := memlimit.Set(memlimit.WithRatio(memoryShare))
	switch {
	case err != nil:
		return fmt.Sprintf("no limit, as that of the cgroup can't be read: %v", err)
	case limit == math.MaxInt64:
		return "no limit, as the cgroup has none"
	}
	return fmt.Sprintf("at most %d MiB, %.0f %% of what the cgroup may have", limit>>20, 100*memoryShare)
}
