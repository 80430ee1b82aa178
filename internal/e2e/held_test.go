package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The lock is removed, as by `git clean -fdx`, and a second instance starts:
// from then on only that one acts, until it ends; then the first goes on.
func TestOfTwoInstancesAfterTheLockWasRemovedOnlyOneActs(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		s := staged(h, "defaults: {settle: 0s}\n")
		s.keep(h.address)
		first, lock := s.d, filepath.Join(filepath.Dir(s.file), ".reconciler", "lock")
		// Held up, so that it doesn't take the lock again before the second has it.
		h.must(first.cmd.Process.Signal(syscall.SIGSTOP))
		h.must(os.Remove(lock))
		second := run(t, h.address, s.file, "--resync", "1s")
		second.ready()
		second.converged(1)
		h.must(first.cmd.Process.Signal(syscall.SIGCONT))

		drift := func() {
			t.Helper()
			h.must(h.ContainerKill(t.Context(), s.id["web"], "KILL"))
			eventually(t, "web runs again", func() (bool, string) { state := h.state(s.id["web"]); return state == "running", state })
		}
		for range 2 { // a third has a back-off of 20 s
			drift()
		}
		eventually(t, "the first isn't ready, and says why", func() (bool, string) {
			code, text := first.get("/readyz")
			return code == 503 && containsAll(text, []string{"the lock", "another one than ours", "is in use"}), text
		})
		if code, text := first.send("PUT", "/v1/services/web/state", `{"state": "stopped"}`); code != 503 || !strings.Contains(text, "state_unheld") {
			t.Errorf("a flip at the first: %d %s", code, text)
		}
		if code, text := first.get("/healthz"); code != 200 {
			t.Errorf("the first's loop: %d %s", code, text)
		}
		if _, text := first.get("/v1/services/web"); !strings.Contains(text, `"unknown"`) || !strings.Contains(text, "NotHeld") {
			t.Errorf("the first says of web: %s", text)
		}
		if acted := first.actions(); len(acted) > 0 {
			t.Errorf("the first acted: %q", acted)
		}
		acted := func(who string, d *daemon, want int) {
			t.Helper()
			eventually(t, who+" acted", func() (bool, string) { all := d.actions(); return len(all) == want, strings.Join(all, ", ") })
		}
		acted("the second", second, 2)

		if code := second.end(syscall.SIGTERM); code != 0 {
			t.Errorf("the second ended with %d", code)
		}
		first.ready()
		drift()
		acted("held again, the first", first, 1)

		h.must(os.RemoveAll(filepath.Dir(lock)))
		eventually(t, "the data directory is made again", func() (bool, string) {
			_, err := os.Stat(lock)
			return err == nil && strings.Contains(first.log.String(), "was gone and is held again"), "not yet"
		})
		first.ready()
		if code, text := first.send("PUT", "/v1/services/web/state", `{"state": "stopped"}`); code/100 != 2 {
			t.Errorf("a flip afterwards: %d %s", code, text)
		}
		if now := s.fingerprint(s.id["foreign"]); now != s.foreign {
			t.Errorf("the foreign container was %s, is %s", s.foreign, now)
		}
	})
}
