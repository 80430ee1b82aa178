package app

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestTheMemoryLimitOfTheUserWins(t *testing.T) {
	was := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(was)
	debug.SetMemoryLimit(77 << 20) // as the runtime did from the environment
	t.Setenv("GOMEMLIMIT", "77MiB")
	if said := limitMemory(); !strings.Contains(said, "GOMEMLIMIT=77MiB") {
		t.Errorf("said: %s", said)
	}
	if now := debug.SetMemoryLimit(-1); now != 77<<20 {
		t.Errorf("the limit is %d now", now)
	}
	t.Setenv("GOMEMLIMIT", "")
	if said := limitMemory(); strings.Contains(said, "GOMEMLIMIT=") {
		t.Errorf("of one that is empty it says: %s", said)
	}
}
