package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAWatchdogThatIsTooShortIsRefused(t *testing.T) {
	for _, usec := range []string{"3000000", "often"} {
		t.Setenv("WATCHDOG_USEC", usec)
		file := filepath.Join(t.TempDir(), "state.yaml")
		if err := os.WriteFile(file, []byte("version: 1\nproject: p\nservices: {}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		code, _, errs := call(t, "run", "--state", file, "--engine", "sim", "--listen", "127.0.0.1:0")
		if code != 2 || !strings.Contains(errs, "watchdog") {
			t.Errorf("WATCHDOG_USEC=%s: exit %d, %s", usec, code, errs)
		}
	}
}
