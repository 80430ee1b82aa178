package docker_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

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

func (w *world) Engine() engine.Engine { return w.engine }
func (w *world) Project() string       { return w.project }

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
	if s.Healthy {
		conf.Healthcheck = &container.HealthConfig{Test: []string{"CMD", "/app", "0"}, Interval: time.Second}
	}
	if s.StopTimeout > 0 {
		seconds := int(s.StopTimeout / time.Second)
		conf.StopTimeout = &seconds
	}
	host := &container.HostConfig{NetworkMode: "none", AutoRemove: s.AutoRemove}
	if s.Always {
		host.RestartPolicy.Name = container.RestartPolicyAlways
	}
	c, err := w.hands.ContainerCreate(t.Context(), conf, host, nil, nil, s.Name)
	must(t, "create "+s.Name, err)
	t.Cleanup(func() { // it may be gone
		_ = w.hands.ContainerRemove(context.Background(), c.ID, container.RemoveOptions{Force: true})
	})
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

func (w *world) Remove(t testing.TB, id string) {
	t.Helper()
	must(t, "remove", w.hands.ContainerRemove(t.Context(), id, container.RemoveOptions{Force: true}))
}
