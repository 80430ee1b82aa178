package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"reconciler/engine/docker/dockertest"
)

// labelled makes a container of the project whose depends_on is that, and that
// joins the network of another, if one is given.
func (h *host) labelled(project, service, depends, network string) string {
	h.t.Helper()
	c, err := h.ContainerCreate(h.t.Context(), &container.Config{
		Image: dockertest.Image, Entrypoint: []string{"/app"},
		Labels: map[string]string{
			"com.docker.compose.project": project, "com.docker.compose.service": service,
			"com.docker.compose.oneoff": "False", "com.docker.compose.depends_on": depends,
		},
	},
		&container.HostConfig{NetworkMode: container.NetworkMode(network)}, nil, nil, project+"-"+service+"-1")
	h.must(err)
	h.t.Cleanup(func() {
		_ = h.ContainerRemove(context.Background(), c.ID, container.RemoveOptions{Force: true})
	})
	return c.ID
}

// order is in which order that happened to the containers, by their services.
func (h *host) order(since time.Time, action, project string, ids map[string]bool) string {
	h.t.Helper()
	var services []string
	for _, line := range h.happened(since, ids) {
		if name, ok := strings.CutPrefix(line, action+" "+project+"-"); ok {
			services = append(services, strings.TrimSuffix(name, "-1"))
		}
	}
	return strings.Join(services, " ")
}

func TestStartsFollowDependsOnAndStopsGoTheOtherWay(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		p := dockertest.Name()
		ids := map[string]bool{
			h.labelled(p, "web", "api:service_started:false", "none"): true,
			h.labelled(p, "api", "db:service_started:true", "none"):   true,
			h.labelled(p, "db", "", "none"):                           true,
		}
		file := write(t, "version: 1\nproject: "+p+"\ndefaults: {settle: 0s}\nservices:\n  web: stopped\n  api: stopped\n  db: stopped\n")
		d := run(t, h.address, file)
		d.converged(1)
		flip := func(body, action, want string) {
			t.Helper()
			began := time.Now()
			if code, text := d.send("PUT", "/v1/services/state?wait=60s", body); code != 200 {
				t.Fatalf("%s: %d %s", body, code, text)
			}
			if got := h.order(began, action, p, ids); got != want {
				t.Errorf("%s in the order %s; want %s", action, got, want)
			}
		}
		flip(`{"web":"running","api":"running","db":"running"}`, "start", "db api web")
		flip(`{"web":"stopped","api":"stopped","db":"stopped"}`, "die", "web api db")

		// One button brings along what it needs, in one revision.
		began := time.Now()
		code, text := d.send("POST", "/v1/services/web/start?wait=60s", "{}")
		h.becomes(p+"-web-1", "running")
		if got := h.order(began, "start", p, ids); code != 200 || got != "db api web" || !strings.Contains(text, `"generation": 4`) {
			t.Errorf("start: %d, in the order %s: %s", code, got, text)
		}
	})
}

func TestAChildOfANamespaceWorksAgainAfterItsParentWasKilled(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		p := dockertest.Name()
		vpn := h.labelled(p, "vpn", "", "none")
		app := h.labelled(p, "app", "vpn:service_started:true", "container:"+vpn)
		h.start(vpn)
		h.start(app)
		d := run(t, h.address, write(t, "version: 1\nproject: "+p+"\nservices:\n  vpn: running\n  app: running\n"))
		d.converged(1)
		was := h.fingerprint(app)
		h.must(h.ContainerKill(t.Context(), vpn, "KILL"))
		eventually(t, "the child was restarted", func() (bool, string) { return h.fingerprint(app) != was, h.fingerprint(app) })
		d.converged(1)
		child, err := h.ContainerInspect(t.Context(), app)
		h.must(err)
		parent, err := h.ContainerInspect(t.Context(), vpn)
		h.must(err)
		if child.State.Status != "running" || child.State.StartedAt < parent.State.StartedAt {
			t.Errorf("the child is %s since %s, the parent runs since %s", child.State.Status, child.State.StartedAt, parent.State.StartedAt)
		}
		if got := d.metric(`reconciler_service_restarts_total\{project="` + p + `",reason="parent",service="app"\}`); got != 1 {
			t.Errorf("it was restarted %v times for its parent", got)
		}
	})
}
