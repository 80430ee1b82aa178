package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"

	"reconciler/engine/docker/dockertest"
)

// make makes a container of the project with just that entry point.
func (h *host) make(project, service string, entry []string, conf container.HostConfig) string {
	h.t.Helper()
	c, err := h.ContainerCreate(h.t.Context(), &container.Config{
		Image: dockertest.Image, Entrypoint: entry,
		Labels: map[string]string{"com.docker.compose.project": project, "com.docker.compose.service": service, "com.docker.compose.oneoff": "False"},
	},
		&conf, nil, nil, project+"-"+service+"-1")
	h.must(err)
	h.t.Cleanup(func() {
		_ = h.ContainerRemove(context.Background(), c.ID, container.RemoveOptions{Force: true})
	})
	return c.ID
}

// Row C8: a start that is refused says what for, in words, and is tried again
// by the table; what can be mended from outside runs then.
func TestARefusedStartIsToldInWordsAndTriedAgain(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		p := dockertest.Name()
		app := []string{"/app"}
		none := container.HostConfig{NetworkMode: "none"}
		dir := filepath.Join(t.TempDir(), "data")
		h.must(os.Mkdir(dir, 0o755))
		parent := h.make(p, "parent", app, none)
		h.make(p, "mount", app, container.HostConfig{NetworkMode: "none", Mounts: []mount.Mount{{Type: mount.TypeBind, Source: dir, Target: "/data"}}})
		h.make(p, "notfound", []string{"/nothing"}, none)
		h.make(p, "notexec", []string{"/etc/hostname"}, none)
		h.make(p, "child", app, container.HostConfig{NetworkMode: container.NetworkMode("container:" + parent)})
		want := map[string][2]string{
			"mount":    {"PathMissing", "the path " + dir + " is missing on the host"},
			"notfound": {"CommandNotFound", "its command /nothing was not found in the image (127)"},
			"notexec":  {"CallFailed", "its command /etc/hostname could not be executed (126)"},
			"child":    {"NamespaceGone", "the container whose namespace it shares, " + parent[:12] + ", is gone"},
		}
		h.must(os.Remove(dir))
		h.must(h.ContainerRemove(t.Context(), parent, container.RemoveOptions{}))
		if n, err := h.NetworkCreate(t.Context(), p+"_back", network.CreateOptions{}); err != nil {
			t.Logf("the engine makes no network, so that none can be gone: %v", err)
		} else {
			h.make(p, "net", app, container.HostConfig{NetworkMode: container.NetworkMode(p + "_back")})
			h.must(h.NetworkRemove(t.Context(), n.ID))
			want["net"] = [2]string{"NetworkMissing", "is gone: docker compose up --no-start --force-recreate net"}
		}
		state := "version: 1\nproject: " + p + "\ndefaults: {settle: 0s, retry: {initial: 1s, max: 2s}}\nservices:\n"
		for service := range want {
			state += "  " + service + ": running\n"
		}
		d := run(t, h.address, write(t, state), "--resync", "1s")
		for service, w := range want {
			eventually(t, service+" tells", func() (bool, string) {
				status, why, message := d.said(service)
				if ok := status == "backing_off" && why == w[0] && strings.Contains(message, w[1]) && strings.Contains(message, "next attempt at"); ok {
					t.Logf("%s: %s", service, message)
					return true, ""
				}
				return false, status + " " + why + ": " + message
			})
			if st := h.state(p + "-" + service + "-1"); st != "created" {
				t.Errorf("%s is %s", service, st)
			}
		}
		h.must(os.Mkdir(dir, 0o755))
		h.becomes(p+"-mount-1", "running")
	})
}

// Row C9: what ends although it should run is started again by the table,
// however it ends, and counted.
func TestHoweverItEndsItIsStartedAgainAndCounted(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		p := dockertest.Name()
		h.make(p, "zero", []string{"/app", "0"}, container.HostConfig{NetworkMode: "none"})
		small := container.HostConfig{NetworkMode: "none", Resources: container.Resources{Memory: 16 << 20, MemorySwap: 16 << 20}}
		h.make(p, "hungry", []string{"/app", "hungry"}, small)
		d := run(t, h.address, write(t, "version: 1\nproject: "+p+"\ndefaults: {settle: 0s, restart_backoff: {initial: 2s, max: 4s}}\nservices: {zero: running, hungry: running}\n"), "--resync", "1s")
		for service, says := range map[string]string{"zero": "which exited with code 0", "hungry": "which was killed for want of memory (OOM)"} {
			eventually(t, service+" backs off", func() (bool, string) {
				status, why, message := d.said(service)
				return status == "backing_off" && why == "BackOff" && strings.Contains(message, says), status + " " + why + ": " + message
			})
			eventually(t, service+" is counted", func() (bool, string) {
				n := d.metric(`reconciler_service_restarts_total\{project="` + p + `",reason="exited",service="` + service + `"\}`)
				return n >= 2, fmt.Sprint(n)
			})
		}
		for service, code := range map[string]float64{"zero": 0, "hungry": 137} {
			if n := d.metric(`reconciler_service_last_exit_code\{project="` + p + `",service="` + service + `"\}`); n != code {
				t.Errorf("%s: the last exit code is %v, not %v, whether it runs again or not", service, n, code)
			}
		}
	})
}
