package e2e

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"reconciler/engine/docker/dockertest"
)

// probed makes and starts a container of the project whose healthcheck is that.
func (h *host) probed(project, service string, check ...string) string {
	h.t.Helper()
	c, err := h.ContainerCreate(h.t.Context(), &container.Config{
		Image: dockertest.Image, Entrypoint: []string{"/app"},
		Labels:      map[string]string{"com.docker.compose.project": project, "com.docker.compose.service": service, "com.docker.compose.oneoff": "False"},
		Healthcheck: &container.HealthConfig{Test: append([]string{"CMD"}, check...), Interval: time.Second, Timeout: 10 * time.Second, Retries: 1},
	},
		&container.HostConfig{NetworkMode: "none"}, nil, nil, project+"-"+service+"-1")
	h.must(err)
	h.t.Cleanup(func() {
		_ = h.ContainerRemove(context.Background(), c.ID, container.RemoveOptions{Force: true})
	})
	h.start(c.ID)
	return c.ID
}

func (h *host) health(id, want string) {
	h.t.Helper()
	eventually(h.t, id[:12]+" "+want, func() (bool, string) {
		c, err := h.ContainerInspect(h.t.Context(), id)
		if err != nil || c.State.Health == nil {
			return false, fmt.Sprint(err)
		}
		return c.State.Health.Status == want, c.State.Health.Status
	})
}

func TestWhatTurnsUnhealthyIsRestartedAndWhatNeverWasHealthyIsNot(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		p := dockertest.Name()
		web := h.probed(p, "web", "/app", "probe")
		never := h.probed(p, "never", "/app", "1")
		h.health(web, "healthy")
		h.health(never, "unhealthy")
		d := run(t, h.address, write(t, "version: 1\nproject: "+p+"\ndefaults: {unhealthy_grace: 2s}\nservices:\n  web: running\n  never: running\n"))
		d.converged(1)
		left := h.fingerprint(never)
		was := h.fingerprint(web)
		h.must(h.ContainerKill(t.Context(), web, "HUP"))
		eventually(t, "restarted", func() (bool, string) { return h.fingerprint(web) != was, h.fingerprint(web) })
		h.health(web, "healthy")
		eventually(t, "counted", func() (bool, string) {
			got := d.metric(`reconciler_service_restarts_total\{project="` + p + `",reason="unhealthy",service="web"\}`)
			return got == 1, fmt.Sprint(got)
		})
		if now := h.fingerprint(never); now != left {
			t.Errorf("what never was healthy was touched: %s, then %s", left, now)
		}
		if _, text := d.get("/v1/services/never"); !strings.Contains(text, "NeverHealthy") || !strings.Contains(text, `"ready": false`) {
			t.Errorf("never: %s", text)
		}
	})
}

// Row C11: a probe that never ends says nothing, until the engine gives it up;
// what never was healthy is left running then, too.
func TestAProbeThatHangsRestartsNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		p := dockertest.Name()
		web := h.probed(p, "web", "/app", "sleep")
		d := run(t, h.address, write(t, "version: 1\nproject: "+p+"\ndefaults: {unhealthy_grace: 0s}\nservices: {web: running}\n"), "--resync", "1s")
		was := h.fingerprint(web)
		for _, reason := range []string{"HealthStarting", "NeverHealthy"} {
			eventually(t, reason, func() (bool, string) {
				_, text := d.get("/v1/services/web")
				return strings.Contains(text, reason) && strings.Contains(text, `"ready": false`), text
			})
		}
		n := d.calls("list")
		eventually(t, "looked again", func() (bool, string) { now := d.calls("list"); return now > n+1, fmt.Sprint(now - n) })
		if now := h.fingerprint(web); now != was || len(d.actions()) > 0 {
			t.Errorf("it was touched: %s, then %s: %v", was, now, d.actions())
		}
	})
}

// TestWhatTurnedUnhealthyWhileNobodyLookedIsRestartedOnceAProbeSaysSoAgain: that
// it was healthy once is remembered, and nothing tells of the probe.
func TestWhatTurnedUnhealthyWhileNobodyLookedIsRestartedOnceAProbeSaysSoAgain(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		p := dockertest.Name()
		web := h.probed(p, "web", "/app", "probe")
		h.health(web, "healthy")
		file := write(t, "version: 1\nproject: "+p+"\ndefaults: {unhealthy_grace: 1s}\nservices:\n  web: running\n")
		d := run(t, h.address, file)
		d.converged(1)
		d.end(syscall.SIGTERM)
		was := h.fingerprint(web)
		h.must(h.ContainerKill(t.Context(), web, "HUP"))
		h.health(web, "unhealthy")
		d = run(t, h.address, file)
		d.converged(1)
		if _, text := d.get("/v1/services/web"); !strings.Contains(text, "nobody knows since when") || h.fingerprint(web) != was {
			t.Errorf("at first sight: %s, then %s: %s", was, h.fingerprint(web), text)
		}
		eventually(t, "restarted", func() (bool, string) { return h.fingerprint(web) != was, h.fingerprint(web) })
		h.health(web, "healthy")
	})
}
