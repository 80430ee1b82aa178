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
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"

	"reconciler/engine/docker/dockertest"
)

// place is what a container asks for in a network; empty: nothing.
type place struct{ network, address, mac string }

// bridge is a network in which a port can be published: the engine's own, else
// one of the test's.
func (h *host) bridge() place {
	h.t.Helper()
	if _, err := h.NetworkInspect(h.t.Context(), "bridge", network.InspectOptions{}); err == nil {
		return place{network: "bridge"}
	}
	name, _ := dockertest.Network(h.t, h.Client)
	return place{network: name}
}

// publisher makes a container, with the labels if it is of a project, that
// publishes the port of the loopback, in these networks.
func (h *host) publisher(s spec, port int, places ...place) string {
	h.t.Helper()
	conf := &container.Config{Image: dockertest.Image, Entrypoint: []string{"/app"}, ExposedPorts: nat.PortSet{"80/tcp": {}}}
	if s.project != "" {
		conf.Labels = map[string]string{"com.docker.compose.project": s.project, "com.docker.compose.service": s.service, "com.docker.compose.oneoff": "False"}
	}
	settings := func(p place) *network.EndpointSettings {
		if p.address == "" {
			return &network.EndpointSettings{}
		}
		return &network.EndpointSettings{Aliases: []string{"shop"}, MacAddress: p.mac, IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: p.address}}
	}
	c, err := h.ContainerCreate(h.t.Context(), conf, &container.HostConfig{
		NetworkMode:  container.NetworkMode(places[0].network),
		PortBindings: nat.PortMap{"80/tcp": {{HostIP: "127.0.0.1", HostPort: strconv.Itoa(port)}}},
	},
		&network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{places[0].network: settings(places[0])}}, nil, s.name)
	h.must(err)
	h.t.Cleanup(func() {
		_ = h.ContainerRemove(context.Background(), c.ID, container.RemoveOptions{Force: true})
	})
	for _, p := range places[1:] { // 20.10 takes only one at a time
		h.must(h.NetworkConnect(h.t.Context(), p.network, c.ID, settings(p)))
	}
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

// freePort is one that nobody has in the test's network.
func freePort(t *testing.T) int {
	t.Helper()
	address := freeAddress(t)
	port, err := strconv.Atoi(address[strings.LastIndex(address, ":")+1:])
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// byProcess lets a process in the engine's network have the port. It is named
// where reconciler is root there, too.
func byProcess(t *testing.T, h *host) taken {
	port := freePort(t)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	c, err := h.ContainerCreate(t.Context(), &container.Config{Image: dockertest.Image, Entrypoint: []string{"/app"}, Cmd: []string{"forward", address, address}},
		&container.HostConfig{NetworkMode: "host"}, nil, nil, dockertest.Name())
	h.must(err)
	t.Cleanup(func() {
		_ = h.ContainerRemove(context.Background(), c.ID, container.RemoveOptions{Force: true})
	})
	h.start(c.ID)
	eventually(t, "the port is taken", func() (bool, string) {
		logs, err := h.ContainerLogs(t.Context(), c.ID, container.LogsOptions{ShowStdout: true})
		h.must(err)
		defer logs.Close()
		said := make([]byte, 64)
		n, _ := logs.Read(said)
		return strings.Contains(string(said[:n]), "ready"), string(said[:n])
	})
	by := taken{port, "another process of the host: ss -ltnp", func() {
		h.must(h.ContainerRemove(t.Context(), c.ID, container.RemoveOptions{Force: true}))
	}}
	if l, err := net.Listen("tcp", address); err == nil {
		l.Close() // the engine's network isn't ours
	} else if os.Geteuid() == 0 {
		running, err := h.ContainerInspect(t.Context(), c.ID)
		h.must(err)
		by.holder = fmt.Sprintf("process app (pid %d)", running.State.Pid)
	}
	return by
}

func byContainer(t *testing.T, h *host) taken {
	port, name := freePort(t), dockertest.Name()
	id := h.publisher(spec{name: name, project: name, service: "other"}, port, h.bridge())
	h.start(id)
	return taken{port, fmt.Sprintf("held by container %s (project %[1]s)", name), func() {
		h.must(h.ContainerStop(t.Context(), id, container.StopOptions{}))
	}}
}

func TestAPortThatIsTakenIsToldAndTheServiceConvergesOnceItIsFree(t *testing.T) {
	for kind, take := range map[string]func(*testing.T, *host) taken{"by a process": byProcess, "by a container": byContainer} {
		t.Run(kind, func(t *testing.T) {
			onEach(t, func(t *testing.T, h *host) {
				p := dockertest.Name()
				by := take(t, h)
				web := spec{name: p + "-web-1", project: p, service: "web"}
				id := h.publisher(web, by.port, h.bridge())
				d := run(t, h.address, write(t, oneOf(p)))
				eventually(t, "told", func() (bool, string) {
					status, why, message := d.said("web")
					return why == "PortTaken" && strings.Contains(message, fmt.Sprintf("port %d/tcp of 127.0.0.1", by.port)) && strings.Contains(message, by.holder), status + " " + why + ": " + message
				})
				by.free()
				d.converged(1)
				c, err := h.ContainerInspect(t.Context(), web.name)
				h.must(err)
				if !c.State.Running || c.ID != id || len(c.NetworkSettings.Networks) != 1 || len(c.NetworkSettings.Ports["80/tcp"]) != 1 {
					t.Errorf("%s %s, with ports %v in %v", c.ID, c.State.Status, c.NetworkSettings.Ports, c.NetworkSettings.Networks)
				}
			})
		})
	}
}

// oneOf is a file that wants the project's one service, and has calls that
// failed repeated each second.
func oneOf(project string) string {
	return "version: 1\nproject: " + project + "\ndefaults: {settle: 0s, retry: {initial: 1s, max: 1s}}\nservices: {web: running}\n"
}
