package app

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"reconciler/desired"
)

// memoryShare is how much of the cgroup's memory, in percent, Go keeps within:
// the rest is for the program's own pages and for what the kernel holds for its
// sockets.
const memoryShare = 80

// limitMemory makes Go keep within the memory of the process's cgroup, v1 or
// v2, and returns what is to be told of that. What GOMEMLIMIT says is left as it
// is.
func limitMemory() string {
	if said := os.Getenv("GOMEMLIMIT"); said != "" { // empty, it says nothing to Go either
		return "GOMEMLIMIT=" + desired.Harmless(said) + ", as the environment says"
	}
	limit, err := memlimit.FromCgroup()
	switch {
	case errors.Is(err, memlimit.ErrNoLimit):
		return "no limit, as the cgroup has none"
	case err != nil:
		return fmt.Sprintf("no limit, as that of the cgroup can't be read: %v; set GOMEMLIMIT if there is one", err)
	}
	ours := int64(limit / 100 * memoryShare)
	debug.SetMemoryLimit(ours)
	return fmt.Sprintf("at most %d MiB, %d %% of what the cgroup may have", ours>>20, memoryShare)
}
