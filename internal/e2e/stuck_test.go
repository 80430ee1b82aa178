package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/docker/docker/api/types/container"
)

// Row C2: a container that the engine can't remove is dead. Nothing can be done
// with it from here, and it is said so.
func TestADeadContainerIsToldToBeStuck(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		s := staged(h, "")
		s.keep(h.address)
		info, err := h.Info(t.Context())
		h.must(err)
		pin := filepath.Join(info.DockerRootDir, "containers", s.id["web"], "hostname")
		if out, err := exec.Command("chattr", "+i", pin).CombinedOutput(); err != nil {
			t.Skipf("the engine's files can't be made unremovable from here: %v: %s", err, out)
		}
		t.Cleanup(func() { _ = exec.Command("chattr", "-i", pin).Run() }) // it is gone, if all went well
		if err := h.ContainerRemove(t.Context(), s.id["web"], container.RemoveOptions{Force: true}); err == nil {
			t.Fatal("it was removed")
		}
		if st := h.state(s.id["web"]); st != "dead" {
			t.Fatalf("it is %s", st)
		}
		eventually(t, "told", func() (bool, string) {
			_, why, message := s.d.said("web")
			return why == "Stuck" && strings.Contains(message, "docker rm -f "+s.container("web")), why + ": " + message
		})
		if n := s.d.metric(`reconciler_service_stalled\{[^}]*reason="Stuck"[^}]*\}`); n != 1 {
			t.Errorf("stalled by the metric: %v", n)
		}
		s.did()
		h.must(exec.Command("chattr", "-i", pin).Run())
		h.must(h.ContainerRemove(t.Context(), s.id["web"], container.RemoveOptions{Force: true}))
		eventually(t, "missing", func() (bool, string) {
			status, why, _ := s.d.said("web")
			return status == "missing" && why == "ContainerMissing", status + " " + why
		})
		h.create(spec{name: s.container("web"), project: s.project, service: "web"})
		s.over("start web")
	})
}

// Row C10: what doesn't hear the signal is killed after its grace, and holds up
// nobody meanwhile; a container whose shim is killed is started again.
func TestWhatIgnoresItsSignalIsKilledAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		s := staged(h, "defaults: {stop_grace_period: 10s}\n")
		deaf := h.create(spec{name: s.container("deaf"), project: s.project, service: "deaf", cmd: []string{"ignore-term"}})
		h.start(deaf)
		s.also("deaf: running")
		s.keep(h.address)
		if code, text := s.d.send("PUT", "/v1/services/deaf/state", `{"state":"stopped"}`); code != 200 && code != 202 {
			t.Fatalf("flip: %d %s", code, text)
		}
		eventually(t, "stopping", func() (bool, string) { status, _, message := s.d.said("deaf"); return status == "stopping", message })
		h.must(h.ContainerKill(t.Context(), s.id["web"], "KILL"))
		s.becomes(s.container("web"), "running")
		t.Logf("web runs again, while deaf is %s", h.state(deaf))
		s.becomes(s.container("deaf"), "exited")
		c, err := h.ContainerInspect(t.Context(), deaf)
		h.must(err)
		if c.State.ExitCode != 137 {
			t.Errorf("exit code %d", c.State.ExitCode)
		}
		s.over("start web", "stop deaf")

		c, err = h.ContainerInspect(t.Context(), s.id["db"])
		h.must(err)
		shim := parent(t, c.State.Pid)
		if err := syscall.Kill(shim, syscall.SIGKILL); err != nil {
			t.Skip("the shim is not for us to kill: ", err)
		}
		s.over("start web", "stop deaf", "start db")
		now, err := h.ContainerInspect(t.Context(), s.id["db"])
		h.must(err)
		if now.State.Pid == c.State.Pid || parent(t, now.State.Pid) == shim {
			t.Errorf("it is process %d still, of the shim %d", now.State.Pid, shim)
		}
	})
}

// parent is the process that started the container's, which must be its shim.
func parent(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("the container's process is not on this host: ", err)
	}
	_, rest, _ := strings.Cut(string(status), "\nPPid:")
	line, _, _ := strings.Cut(rest, "\n")
	ppid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", ppid))
	if err != nil || !strings.HasPrefix(string(name), "containerd-shim") {
		t.Fatalf("the parent of %d is %d, %q, %v", pid, ppid, name, err)
	}
	return ppid
}
