package e2e

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/go-connections/nat"

	"reconciler/engine/docker/dockertest"
)

// proxy makes and starts a proxy before the engine's socket, as a service of the
// project. It listens at that address.
func (h *host) proxy(project, listen string, conf container.HostConfig) string {
	h.t.Helper()
	conf.Mounts = append(conf.Mounts, h.engineFolder())
	c, err := h.ContainerCreate(h.t.Context(), &container.Config{
		Image: dockertest.Image, Entrypoint: []string{"/app"},
		Cmd:          []string{"forward", listen, "/engine/" + filepath.Base(h.socket())},
		ExposedPorts: nat.PortSet{"2375/tcp": {}},
		Labels:       map[string]string{"com.docker.compose.project": project, "com.docker.compose.service": "proxy", "com.docker.compose.oneoff": "False"},
	},
		&conf, nil, nil, project+"-proxy-1")
	h.must(err)
	h.t.Cleanup(func() {
		_ = h.ContainerRemove(context.Background(), c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
	})
	h.start(c.ID)
	return c.ID
}

func TestWhatServesTheEnginesAddressIsNotStopped(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		for name, begin := range map[string]func(t *testing.T, h *host, p, state string) (d *daemon, says string){
			"a socket in a volume":                 byVolume,
			"loopback of a network that is shared": byLoopback,
			"a name in a network":                  byName,
			"a socket in a folder of the host":     byFolder,
			"a port of the host":                   byPort,
		} {
			t.Run(name, func(t *testing.T) {
				h := &host{h.Client, h.address, h.version, t}
				p := dockertest.Name()
				d, says := begin(t, h, p, "version: 1\nproject: "+p+"\nservices:\n  proxy: running\n")
				d.ready()
				d.converged(1)
				was := h.fingerprint(p + "-proxy-1")
				d.spares("proxy", p+"-proxy-1 is "+says)
				if now := h.fingerprint(p + "-proxy-1"); now != was {
					t.Errorf("it was touched: %s, then %s", was, now)
				}
			})
		}
	})
}

const itsAddress = "what answers at reconciler's engine address "

func byVolume(t *testing.T, h *host, p, state string) (*daemon, string) {
	sockets := mount.Mount{Type: mount.TypeVolume, Source: p, Target: "/sockets"}
	t.Cleanup(func() { _ = h.VolumeRemove(context.Background(), p, true) }) // after the containers
	_, err := h.VolumeCreate(t.Context(), volume.CreateOptions{Name: p})
	h.must(err)
	h.proxy(p, "/sockets/docker.sock", container.HostConfig{NetworkMode: "none", Mounts: []mount.Mount{sockets}})
	d := h.inside(inside{name: p + "-watcher", state: state, host: "unix:///sockets/docker.sock", network: "none", mounts: []mount.Mount{sockets}})
	return d, "perhaps " + itsAddress + "unix:///sockets/docker.sock, for it can write to volume " + p
}

func byLoopback(_ *testing.T, h *host, p, state string) (*daemon, string) {
	proxy := h.proxy(p, "127.0.0.1:2375", container.HostConfig{NetworkMode: "none"})
	d := h.inside(inside{name: p + "-watcher", state: state, host: "tcp://127.0.0.1:2375", network: "container:" + proxy})
	return d, "the owner of a namespace that " + p + "-watcher shares"
}

func byName(t *testing.T, h *host, p, state string) (*daemon, string) {
	h.bridged()
	n, err := h.NetworkCreate(t.Context(), p, network.CreateOptions{})
	h.must(err)
	t.Cleanup(func() { _ = h.NetworkRemove(context.Background(), n.ID) })
	h.proxy(p, ":2375", container.HostConfig{NetworkMode: container.NetworkMode(p)})
	address := "tcp://" + p + "-proxy-1:2375"
	return h.inside(inside{name: p + "-watcher", state: state, host: address, network: p}), itsAddress + address
}

func byFolder(t *testing.T, h *host, p, state string) (*daemon, string) {
	dir := brief(t)
	address := "unix://" + dir + "/docker.sock"
	h.proxy(p, "/sockets/docker.sock", container.HostConfig{
		NetworkMode: "none",
		Mounts:      []mount.Mount{{Type: mount.TypeBind, Source: dir, Target: "/sockets"}},
	})
	return run(t, address, write(t, state)), itsAddress + address
}

func byPort(t *testing.T, h *host, p, state string) (*daemon, string) {
	h.bridged()
	address := freeAddress(t)
	ip, port, _ := strings.Cut(address, ":")
	h.proxy(p, ":2375", container.HostConfig{
		NetworkMode:  "bridge",
		PortBindings: nat.PortMap{"2375/tcp": {{HostIP: ip, HostPort: port}}},
	})
	return run(t, "tcp://"+address, write(t, state)), "perhaps " + itsAddress + "tcp://" + address + ", for it publishes port " + port
}
