package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"reconciler/engine/docker/dockertest"
)

// private starts an engine of the test's own, or starts it again.
func private(t *testing.T, dir string, current bool, more ...string) string {
	t.Helper()
	args := []string{"private", dir}
	if current {
		args = append(args, "--current")
	}
	cmd := exec.Command("../../hack/engine", append(args, more...)...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("hack/engine private: %v\n%s", err, said.String())
	}
	return strings.TrimSpace(string(out))
}

// shortDir is a folder whose name leaves room for a socket's.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "re")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stopEngine(t, dir)
		os.RemoveAll(dir)
	})
	return dir
}

// stopEngine ends the engine of that folder and all that it ran, however it
// ended itself.
func stopEngine(t *testing.T, dir string) {
	t.Helper()
	if out, err := exec.Command("../../hack/engine", "stop", dir).CombinedOutput(); err != nil {
		t.Errorf("hack/engine stop: %v\n%s", err, out)
	}
}

// mayStart skips the test where it may not start an engine of its own of that
// kind.
func mayStart(t *testing.T, current bool) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("an engine of one's own needs root")
	}
	if len(dockertest.Engines(t)) < 2 && current {
		t.Skip("the current engine is tested where two engines are named in RECONCILER_TEST_ENGINES")
	}
}

// onEachPrivate runs the test for each kind of engine of which it may start its
// own.
func onEachPrivate(t *testing.T, test func(t *testing.T, current bool)) {
	t.Run("20.10", func(t *testing.T) { mayStart(t, false); test(t, false) })
	t.Run("current", func(t *testing.T) { mayStart(t, true); test(t, true) })
}

func TestTheEngineMayComeLateDieAndComeBack(t *testing.T) {
	onEachPrivate(t, func(t *testing.T, current bool) {
		dir := shortDir(t)
		file := write(t, "version: 1\nproject: late\nservices:\n  web: running\n  db: stopped\n")
		d := run(t, "unix://"+filepath.Join(dir, "docker.sock"), file)
		eventually(t, "told where it looked", func() (bool, string) {
			code, text := d.get("/readyz")
			return code == 503 && strings.Contains(text, "docker.sock"), text
		})
		if code, _ := d.get("/healthz"); code != 200 {
			t.Errorf("not live without an engine: %d", code)
		}

		h := connect(t, private(t, dir, current))
		web := h.create(spec{name: "late-web-1", project: "late", service: "web"})
		db := h.create(spec{name: "late-db-1", project: "late", service: "db"})
		h.becomes("late-web-1", "running")
		d.converged(1)

		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			killEngine(t, dir, signal)
			eventually(t, "not ready", func() (bool, string) { code, text := d.get("/readyz"); return code == 503, text })
			if code, body := d.send("PUT", "/v1/services/db/state", `{"state":"stopped"}`); code != 202 {
				t.Errorf("a flip while the engine is away: %d %s", code, body)
			}
			private(t, dir, current)
			h.becomes("late-web-1", "running")
			d.ready()
			d.converged(1)
		}
		for name, id := range map[string]string{"late-web-1": web, "late-db-1": db} {
			c, err := h.ContainerInspect(t.Context(), name)
			if err != nil || c.ID != id {
				t.Errorf("%s is another container now: %v", name, err)
			}
		}
		if st := h.state("late-db-1"); st != "created" {
			t.Errorf("what should be stopped is %s", st)
		}
	})
}

// signalEngine sends the signal to the engine of that folder.
func signalEngine(t *testing.T, dir string, signal syscall.Signal) (pid int) {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(dir, "docker.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(src)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
	return pid
}

// killEngine ends the engine of that folder and waits until it is gone.
func killEngine(t *testing.T, dir string, signal syscall.Signal) {
	t.Helper()
	pid := signalEngine(t, dir, signal)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for syscall.Kill(pid, 0) == nil {
		<-tick.C
	}
}
