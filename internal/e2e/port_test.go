package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"

	"reconciler/engine/docker/dockertest"
)

// publisher makes a container, with the labels if it is of a project, that
// publishes the port of the loopback.
func (h *host) publisher(s spec, port int) string {
	h.t.Helper()
	conf := &container.Config{Image: dockertest.Image, Entrypoint: []string{"/app"}, ExposedPorts: nat.PortSet{"80/tcp": {}}}
	if s.project != "" {
		conf.Labels = map[string]string{"com.docker.compose.project": s.project, "com.docker.compose.service": s.service, "com.docker.compose.oneoff": "False"}
	}
	c, err := h.ContainerCreate(h.t.Context(), conf, &container.HostConfig{NetworkMode: "bridge",
		PortBindings: nat.PortMap{"80/tcp": {{HostIP: "127.0.0.1", HostPort: strconv.Itoa(port)}}}}, nil, nil, s.name)
	h.must(err)
	h.t.Cleanup(func() {
		_ = h.ContainerRemove(context.Background(), c.ID, container.RemoveOptions{Force: true})
	})
	return c.ID
}

// said is the service's status, message and the reason for which it waits.
func (d *daemon) said(service string) (status, reason, message string) {
	d.t.Helper()
	_, text := d.get("/v1/services/" + service)
	var s struct {
		Status, Message string
		Conditions      []struct{ Type, Reason string }
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return "", "", text
	}
	for _, c := range s.Conditions {
		if c.Type != "Ready" {
			reason = c.Reason
		}
	}
	return s.Status, reason, s.Message
}

// taken is a port, and who has it until it is freed.
type taken struct {
	port   int
	holder string // in words
	free   func()
}

func byProcess(t *testing.T, h *host) taken {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	t.Cleanup(func() { l.Close() })
	port := l.Addr().(*net.TCPAddr).Port
	if os.Geteuid() != 0 {
		return taken{port, "another process of the host: ss -ltnp", func() { l.Close() }}
	}
	return taken{port, fmt.Sprintf("(pid %d)", os.Getpid()), func() { l.Close() }}
}

func byContainer(t *testing.T, h *host) taken {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	name := dockertest.Name()
	id := h.publisher(spec{name: name, project: name, service: "other"}, port)
	h.start(id)
	return taken{port, fmt.Sprintf("held by container %s (project %[1]s)", name), func() {
		h.must(h.ContainerStop(t.Context(), id, container.StopOptions{}))
	}}
}

// What the engine does with a container whose start failed differs: from 29 on
// it takes its networks away, and that container must not be started.
func TestAPortThatIsTakenIsToldAndTheServiceConvergesOnceItIsFree(t *testing.T) {
	for kind, take := range map[string]func(*testing.T, *host) taken{"by a process": byProcess, "by a container": byContainer} {
		t.Run(kind, func(t *testing.T) {
			onEach(t, func(t *testing.T, h *host) {
				h.bridged()
				p := dockertest.Name()
				by := take(t, h)
				web := spec{name: p + "-web-1", project: p, service: "web"}
				id := h.publisher(web, by.port)
				d := run(t, h.address, write(t, "version: 1\nproject: "+p+"\ndefaults: {settle: 0s, retry: {initial: 1s, max: 1s}}\nservices: {web: running}\n"), "--resync", "1s")
				reason := ""
				eventually(t, "told", func() (bool, string) {
					status, why, message := d.said("web")
					if status == "running" && kind == "by a process" {
						t.Skip("the engine is in another network than this test")
					}
					reason = why
					return strings.Contains(message, fmt.Sprintf("port %d/tcp of 127.0.0.1", by.port)) && strings.Contains(message, by.holder), status + " " + why + ": " + message
				})
				by.free()
				if reason == "NetworkLost" {
					eventually(t, "still not started", func() (bool, string) { n := d.calls("list"); return n > 1, fmt.Sprint(n) })
					if st := h.state(id); st != "created" {
						t.Errorf("it was started without its networks: %s", st)
					}
					h.must(h.ContainerRemove(t.Context(), id, container.RemoveOptions{}))
					h.publisher(web, by.port)
				} else if reason != "PortTaken" {
					t.Errorf("reason %s, want PortTaken", reason)
				}
				d.converged(1)
				c, err := h.ContainerInspect(t.Context(), web.name)
				h.must(err)
				if !c.State.Running || len(c.NetworkSettings.Ports["80/tcp"]) != 1 {
					t.Errorf("%s, with ports %v", c.State.Status, c.NetworkSettings.Ports)
				}
			})
		})
	}
}
