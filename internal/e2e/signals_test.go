package e2e

import (
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"reconciler/engine/docker/dockertest"
)

// Row E6: in the middle of a stop it is told to end: it does, without waiting
// for the container, and goes on where it was when it is started again.
func TestToldToEndInTheMiddleOfAStopItEnds(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		p := dockertest.Name()
		const grace = 5 * time.Minute
		web := h.create(spec{name: p + "-web-1", project: p, service: "web", cmd: []string{"ignore-term"}})
		h.start(web)
		file := write(t, "version: 1\nproject: "+p+"\ndefaults: {stop_grace_period: "+grace.String()+"}\nservices: {web: running}\n")
		d := run(t, h.address, file)
		d.converged(1)
		d.send("PUT", "/v1/services/web/state", `{"state":"stopped"}`)
		eventually(t, "stopping", func() (bool, string) { status, _, message := d.said("web"); return status == "stopping", message })
		began := time.Now()
		h.must(d.cmd.Process.Signal(syscall.SIGTERM))
		unready := false
		within(t, grace/2, "it ended", func() (bool, string) {
			code, text := d.get("/readyz")
			if unready && code == 200 {
				t.Errorf("it was ready again while it ended: %s", text)
			}
			unready = unready || code != 200
			select {
			case <-d.done:
				return true, ""
			default:
				return false, text
			}
		})
		if code := d.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("exit %d", code)
		}
		t.Logf("ended %s after SIGTERM, with a grace of %s under way", time.Since(began).Round(time.Millisecond), grace)
		if st := h.state(web); st != "running" {
			t.Errorf("web is %s", st)
		}
		d = run(t, h.address, write(t, "version: 1\nproject: "+p+"\ndefaults: {stop_grace_period: 0s}\nservices: {web: stopped}\n"))
		d.converged(1)
		if st := h.state(web); st != "exited" {
			t.Errorf("web is %s", st)
		}
	})
}

// Row E6: many SIGHUPs are one, and who reads the log may go.
func TestSignalsInAnyNumberDisturbNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		s := staged(h, "")
		s.d = start(t, freeAddress(t), s.file, func(args ...string) *exec.Cmd {
			return exec.Command("bash", append([]string{"-c", `exec "$@" > >(exec true) 2>&1`, "bash", binary}, args...)...)
		}, "--docker-host", h.address)
		s.keeps()
		lists := s.d.calls("list")
		const storm = 500
		for range storm {
			h.must(s.d.cmd.Process.Signal(syscall.SIGHUP))
		}
		eventually(t, "heard", func() (bool, string) { n := s.d.calls("list"); return n > lists, fmt.Sprint(n) })
		h.must(h.ContainerKill(t.Context(), s.id["web"], "KILL"))
		s.over("start web")
		n := s.d.calls("list") - lists
		t.Logf("%d SIGHUPs made %v lists", storm, n)
		if n > storm/2 {
			t.Errorf("%d SIGHUPs made %v lists", storm, n)
		}
		if code := s.d.end(syscall.SIGTERM); code != 0 {
			t.Errorf("exit %d", code)
		}
	})
}

// Row E7: a full pipe as the log, whose reader doesn't read.
func TestAnUnreadLogCostsNoRepair(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		s := staged(h, "")
		s.d = start(t, freeAddress(t), s.file, func(args ...string) *exec.Cmd {
			return exec.Command("bash", append([]string{
				"-c",
				`exec > >(exec tail --pid=$$ -f /dev/null) 2>&1; timeout 1 yes; exec "$@"`, "bash", binary,
			}, args...)...)
		}, "--docker-host", h.address)
		s.keeps()
		h.must(h.ContainerKill(t.Context(), s.id["web"], "KILL"))
		s.over("start web")
		began := time.Now()
		if code := s.d.end(syscall.SIGTERM); code != 0 {
			t.Errorf("exit %d", code)
		}
		t.Logf("ended %s after SIGTERM", time.Since(began).Round(time.Millisecond))
	})
}
