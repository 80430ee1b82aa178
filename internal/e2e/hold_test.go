package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/volume"

	"reconciler/engine/docker/dockertest"
)

// seen is what is told of a service.
type seen struct {
	Status    string
	Ready     bool
	Converged bool
	Suspended *struct {
		Until  *time.Time
		Reason string
	}
	Backoff struct {
		NextAttempt *time.Time `json:"next_attempt"`
	}
}

// service is what is told of the service now.
func (d *daemon) service(name string) (s seen) {
	d.t.Helper()
	if _, text := d.get("/v1/services/" + name); json.Unmarshal([]byte(text), &s) != nil {
		d.t.Fatalf("%s: %s", name, text)
	}
	return s
}

// TestASuspensionOutlivesReconcilerAndEndsByItself: reconciler is killed and
// started again meanwhile.
func TestASuspensionOutlivesReconcilerAndEndsByItself(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		p := dockertest.Name()
		web := h.create(spec{name: p + "-web-1", project: p, service: "web"})
		h.start(web)
		d := run(t, h.address, write(t, "version: 1\nproject: "+p+"\ndefaults: {settle: 0s}\nservices:\n  web: running\n"))
		d.converged(1)
		if code, said := command(t, h.address, "suspend", "web", "--for", "40s", "--reason", "by hand", "--server", d.url); code != 0 {
			t.Fatalf("suspend: exit %d: %s", code, said)
		}
		s := d.service("web")
		if s.Suspended == nil || s.Suspended.Reason != "by hand" || !s.Suspended.Until.After(time.Now()) {
			t.Fatalf("suspended: %+v", s.Suspended)
		}
		until := *s.Suspended.Until
		h.must(h.ContainerKill(t.Context(), web, "KILL"))
		d.told("web", "stopped", "suspended until")
		d = d.again(h.address)
		d.told("web", "stopped", "suspended until")
		t.Logf("still held after the restart, %s before its end", time.Until(until).Round(100*time.Millisecond))
		h.becomes(p+"-web-1", "running")
		d.told("web", "running", "")
		began, _ := h.times(web)
		if began.Before(until) {
			t.Errorf("started at %s, held until %s", began, until)
		}
		t.Logf("started %s after its end", began.Sub(until).Round(time.Millisecond))
		if s := d.service("web"); s.Suspended != nil {
			t.Errorf("still suspended: %+v", s.Suspended)
		}
	})
}

func TestAPauseByHandIsRespectedAndEndedOnlyWhereTheFileSaysSo(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		p := dockertest.Name()
		web := h.create(spec{name: p + "-web-1", project: p, service: "web"})
		eager := h.create(spec{name: p + "-eager-1", project: p, service: "eager"})
		h.start(web)
		h.start(eager)
		d := run(t, h.address, write(t, "version: 1\nproject: "+p+"\nservices:\n  web: running\n  eager: {state: running, on_paused: unpause}\n"), "--resync", "1s")
		d.converged(1)
		began := time.Now()
		h.must(h.ContainerPause(t.Context(), web))
		h.must(h.ContainerPause(t.Context(), eager))
		d.told("web", "paused", "it goes on when it is unpaused: docker unpause "+p+"-web-1")
		h.becomes(p+"-eager-1", "running")
		d.told("eager", "running", "")
		lists := d.calls("list")
		eventually(t, "two more looks at everything", func() (bool, string) { n := d.calls("list"); return n >= lists+2, fmt.Sprint(n) })
		if acts := h.happened(began, map[string]bool{web: true}); len(acts) != 1 || h.state(web) != "paused" {
			t.Errorf("to what was paused happened %q", acts)
		}
		if s := d.service("web"); s.Ready || s.Converged {
			t.Errorf("paused, and ready %t, converged %t", s.Ready, s.Converged)
		}
		h.must(h.ContainerUnpause(t.Context(), web))
		d.converged(1)
		d.undisturbed("web")
		if acts := h.happened(began, map[string]bool{eager: true}); fmt.Sprint(acts) != fmt.Sprintf("[pause %s-eager-1 unpause %[1]s-eager-1]", p) {
			t.Errorf("to what is unpaused by the file happened %q", acts)
		}
	})
}

// TestASlowStopByHandIsLeftToEnd: who stops a program that takes longer than
// settle may still have something to do when it has ended.
func TestASlowStopByHandIsLeftToEnd(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		p := dockertest.Name()
		id := h.create(spec{name: p + "-web-1", project: p, service: "web", cmd: []string{"ignore-term"}})
		h.start(id)
		d := run(t, h.address, write(t, "version: 1\nproject: "+p+"\nservices: {web: running}\n"))
		d.converged(1)
		was := h.fingerprint(id)
		grace := 5
		h.must(h.ContainerStop(t.Context(), id, container.StopOptions{Timeout: &grace}))
		eventually(t, "started again", func() (bool, string) {
			now := h.fingerprint(id)
			return h.state(id) == "running" && now != was, now
		})
		began, ended := h.times(id)
		if rest := began.Sub(ended); rest < 3*time.Second {
			t.Errorf("started %s after the stop had ended; settle is 3s", rest)
		}
	})
}

// TestAnOrphanIsShownAndNothingIsStartedInItsWay: what the file lists no longer
// still writes to the volume.
func TestAnOrphanIsShownAndNothingIsStartedInItsWay(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		p := dockertest.Name()
		_, err := h.VolumeCreate(t.Context(), volume.CreateOptions{Name: p})
		h.must(err)
		h.t.Cleanup(func() { _ = h.VolumeRemove(context.Background(), p, true) })
		old := h.writer(p, "old", p)
		web := h.writer(p, "web", p)
		h.start(old)
		d := run(t, h.address, write(t, "version: 1\nproject: "+p+"\ndefaults: {settle: 0s}\nservices: {web: running}\n"), "--resync", "1s")
		d.told("web", "stopped", p+"-web-1 is not started while "+p+"-old-1, which belongs to no listed service, writes to volume "+p)
		if _, reason, _ := d.said("web"); reason != "OrphanInTheWay" {
			t.Errorf("reason %s", reason)
		}
		if _, text := d.get("/v1/services"); !strings.Contains(text, `"message": "service \"old\" is not listed in the file"`) {
			t.Errorf("orphans: %s", text)
		}
		if orphans, stalled := d.metric(`reconciler_orphan_containers\{project="`+p+`"\}`),
			d.metric(`reconciler_service_stalled\{project="`+p+`",reason="OrphanInTheWay",service="web"\}`); orphans != 1 || stalled != 1 {
			t.Errorf("metrics: %v orphans, %v stalled", orphans, stalled)
		}
		lists := d.calls("list")
		eventually(t, "two more looks at everything", func() (bool, string) { n := d.calls("list"); return n >= lists+2, fmt.Sprint(n) })
		if h.state(web) != "created" || h.state(old) != "running" {
			t.Errorf("web is %s, the orphan is %s", h.state(web), h.state(old))
		}
		h.must(h.ContainerKill(t.Context(), old, "KILL"))
		h.becomes(p+"-web-1", "running")
		d.converged(1)
		if h.state(old) != "exited" {
			t.Errorf("the orphan is %s", h.state(old))
		}
	})
}

// writer makes a container of the project that writes to the volume.
func (h *host) writer(project, service, volume string) string {
	h.t.Helper()
	c, err := h.ContainerCreate(h.t.Context(), &container.Config{
		Image: dockertest.Image, Entrypoint: []string{"/app"},
		Labels: map[string]string{"com.docker.compose.project": project, "com.docker.compose.service": service, "com.docker.compose.oneoff": "False"},
	},
		&container.HostConfig{NetworkMode: "none", Mounts: []mount.Mount{{Type: mount.TypeVolume, Source: volume, Target: "/data"}}}, nil, nil, project+"-"+service+"-1")
	h.must(err)
	h.t.Cleanup(func() { _ = h.ContainerRemove(context.Background(), c.ID, container.RemoveOptions{Force: true}) })
	return c.ID
}
