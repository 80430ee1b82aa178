package docker_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"

	"reconciler/engine"
	"reconciler/engine/docker"
	"reconciler/engine/docker/dockertest"
	"reconciler/engine/enginetest"
)

func TestRealEnginesKeepThePort(t *testing.T) {
	for _, address := range dockertest.Engines(t) {
		cli, version := dockertest.Connect(t, address)
		t.Run("API "+version, func(t *testing.T) {
			e, err := docker.New(docker.Options{Host: address})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { e.Close() })
			enginetest.Run(t, &world{e, cli, dockertest.Name()})
		})
	}
}

// world is an enginetest.World on a real engine.
type world struct {
	engine  *docker.Engine
	hands   *client.Client
	project string
}

func (w *world) Engine() engine.Engine { return patient{w.engine, w.hands} }
func (w *world) Project() string       { return w.project }

// Port is one of this network's: an engine in another has it free as well.
func (w *world) Port(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, "find a port", err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (w *world) Name(suffix string) string { return dockertest.Name() + "-" + suffix }

func (w *world) Create(t testing.TB, s enginetest.Spec) string {
	t.Helper()
	conf := &container.Config{Image: dockertest.Image, Entrypoint: []string{"/app"}, Cmd: []string{"sleep"}, Labels: map[string]string{}}
	for k, v := range s.Labels {
		conf.Labels[k] = v
	}
	if !s.Foreign {
		conf.Labels[engine.LabelProject] = w.project
	}
	switch s.Mode {
	case enginetest.ModeExit:
		conf.Cmd = []string{strconv.Itoa(s.Code)}
	case enginetest.ModeIgnoreTerm:
		conf.Cmd = []string{"ignore-term"}
	case enginetest.ModeBroken:
		conf.Entrypoint = []string{"/no-such-command"}
	}
	conf.Cmd, conf.Tty = append(conf.Cmd, s.Says...), s.TTY
	if s.Healthy {
		conf.Healthcheck = &container.HealthConfig{Test: []string{"CMD", "/app", "0"}, Interval: time.Second}
	}
	if s.StopTimeout > 0 {
		seconds := int(s.StopTimeout / time.Second)
		conf.StopTimeout = &seconds
	}
	host := &container.HostConfig{NetworkMode: "none", AutoRemove: s.AutoRemove}
	if s.Joins != "" {
		host.NetworkMode = container.NetworkMode("container:" + s.Joins)
	}
	if s.Publish > 0 {
		s.Networks = max(1, s.Networks)
		conf.ExposedPorts = nat.PortSet{"80/tcp": {}}
		host.PortBindings = nat.PortMap{"80/tcp": {{HostIP: "127.0.0.1", HostPort: strconv.Itoa(s.Publish)}}}
	}
	if s.Mute {
		host.LogConfig.Type = "none"
	}
	if s.Always {
		host.RestartPolicy.Name = container.RestartPolicyAlways
	}
	places := map[string]*network.EndpointSettings{}
	for range s.Networks {
		name, address := dockertest.Network(t, w.hands)
		host.NetworkMode = container.NetworkMode(name)
		places[name] = &network.EndpointSettings{Aliases: []string{"front", "web"}, IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: address}}
	}
	first := map[string]*network.EndpointSettings{} // 20.10 takes only one
	if p := places[string(host.NetworkMode)]; p != nil {
		first[string(host.NetworkMode)] = p
	}
	c, err := w.hands.ContainerCreate(t.Context(), conf, host, &network.NetworkingConfig{EndpointsConfig: first}, nil, s.Name)
	must(t, "create "+s.Name, err)
	t.Cleanup(func() { // it may be gone
		_ = w.hands.ContainerRemove(context.Background(), c.ID, container.RemoveOptions{Force: true})
	})
	for name, p := range places {
		if first[name] == nil {
			must(t, "connect "+s.Name, w.hands.NetworkConnect(t.Context(), name, c.ID, p))
		}
	}
	return c.ID
}

func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func (w *world) HandStart(t testing.TB, id string) {
	t.Helper()
	must(t, "start", w.hands.ContainerStart(t.Context(), id, container.StartOptions{}))
	must(t, "await", ready(t.Context(), w.hands, id))
}

func (w *world) HandStop(t testing.TB, id string) {
	t.Helper()
	must(t, "stop", w.hands.ContainerStop(t.Context(), id, container.StopOptions{}))
}

func (w *world) Kill(t testing.TB, id string, signal int) {
	t.Helper()
	must(t, "kill", w.hands.ContainerKill(t.Context(), id, fmt.Sprint(signal)))
}

func (w *world) Pause(t testing.TB, id string) {
	t.Helper()
	must(t, "pause", w.hands.ContainerPause(t.Context(), id))
}

func (w *world) Unpause(t testing.TB, id string) {
	t.Helper()
	must(t, "unpause", w.hands.ContainerUnpause(t.Context(), id))
}

func (w *world) Rename(t testing.TB, id, name string) {
	t.Helper()
	must(t, "rename", w.hands.ContainerRename(t.Context(), id, name))
}

func (w *world) Disconnect(t testing.TB, id string) {
	t.Helper()
	c, err := w.hands.ContainerInspect(t.Context(), id)
	must(t, "inspect", err)
	for name := range c.NetworkSettings.Networks {
		must(t, "disconnect", w.hands.NetworkDisconnect(t.Context(), name, id, false))
	}
}

func (w *world) Remove(t testing.TB, id string) {
	t.Helper()
	must(t, "remove", w.hands.ContainerRemove(t.Context(), id, container.RemoveOptions{Force: true}))
}

// patient is the engine, but a start returns only when the process is ready: a
// signal that comes before is lost on the first process of a container.
type patient struct {
	*docker.Engine
	hands *client.Client
}

func (p patient) Start(ctx context.Context, id string) error {
	if err := p.Engine.Start(ctx, id); err != nil {
		return err
	}
	return ready(ctx, p.hands, id)
}

func (p patient) Restart(ctx context.Context, id string, grace time.Duration) error {
	if err := p.Engine.Restart(ctx, id, grace); err != nil {
		return err
	}
	return ready(ctx, p.hands, id)
}

// ready waits until a process of the container has said so, or none runs. Where
// one said so before a restart, that is believed: the log can't be cut at the
// start, whose time is taken after the process has begun.
func ready(ctx context.Context, cli *client.Client, id string) error {
	c, err := cli.ContainerInspect(ctx, id)
	if err != nil || !c.State.Running || c.State.Paused {
		return nil // it is over already, or never began
	}
	logs, err := cli.ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, Follow: true})
	if err != nil {
		return fmt.Errorf("log of %s: %w", id, err)
	}
	defer logs.Close()
	_, err = logs.Read(make([]byte, 64)) // the one line, or the end
	if err == io.EOF {
		return nil
	}
	return err
}
