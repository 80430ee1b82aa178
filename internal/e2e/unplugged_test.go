package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"
	"github.com/google/go-cmp/cmp"

	"reconciler/engine/docker/dockertest"
)

// From engine 29 on a start that fails for a port takes one of the container's
// networks away (moby#51758), another each time.
func TestAStartThatFailsForItsPortCostsNoNetwork(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Run("two networks", func(t *testing.T) { costsNothing(t, h, h.two) })
		t.Run("the first one", func(t *testing.T) { costsNothing(t, h, func() []place { return []place{h.bridge()} }) })
	})
	t.Run("the bridge of the current engine", func(t *testing.T) {
		mayStart(t, true)
		h := connect(t, private(t, shortDir(t), true, "--bridge"))
		if b := h.bridge(); b.network != "bridge" {
			t.Fatalf("it has none, but for %s", b.network)
		}
		costsNothing(t, h, func() []place { return []place{{network: "bridge"}} })
	})
}

// two are networks in which all is asked for that the engine can put back.
func (h *host) two() []place {
	h.t.Helper()
	var places []place
	for range 2 {
		name, address := dockertest.Network(h.t, h.Client)
		places = append(places, place{network: name, address: address})
	}
	if !versions.LessThan(h.ClientVersion(), "1.44") {
		places[0].mac = "02:42:c6:12:00:07"
	}
	return places
}

func costsNothing(t *testing.T, on *host, where func() []place) {
	for name, again := range map[string]bool{"that has run": false, "that is new": true} {
		t.Run(name, func(t *testing.T) {
			h := &host{on.Client, on.address, on.version, t}
			places := where()
			p, port := dockertest.Name(), freePort(t)
			web := spec{name: p + "-web-1", project: p, service: "web"}
			id := h.publisher(web, port, places...)
			h.start(id)
			before := h.plugged(id, places)
			if again {
				h.must(h.ContainerRemove(t.Context(), id, container.RemoveOptions{Force: true}))
				id = h.publisher(web, port, places...)
			} else {
				h.must(h.ContainerStop(t.Context(), id, container.StopOptions{}))
			}
			holder := h.publisher(spec{name: dockertest.Name()}, port, h.bridge())
			h.start(holder)

			d := run(t, h.address, write(t, oneOf(p)))
			eventually(t, "tried again", func() (bool, string) { n := d.calls("start"); return n >= 3, fmt.Sprint(n, " starts") })
			h.must(h.ContainerRemove(t.Context(), holder, container.RemoveOptions{Force: true}))
			d.converged(1)
			if diff := cmp.Diff(before, h.plugged(id, places)); diff != "" {
				t.Errorf("its networks (- before, + after):\n%s", diff)
			}
			lost := d.calls("reconnect")
			t.Logf("%v starts, %v networks put back, %v inspects, %v lists", d.calls("start"), lost, d.calls("inspect"), d.calls("list"))
			if takes := !versions.LessThan(h.version[len("API "):], "1.52"); takes != (lost > 0) {
				t.Errorf("%v networks put back, and the engine takes them: %v", lost, takes)
			}
		})
	}
}

// plugged is how the container is connected, without what differs between two
// runs of it, or two that are made alike.
func (h *host) plugged(id string, places []place) map[string]network.EndpointSettings {
	h.t.Helper()
	c, err := h.ContainerInspect(h.t.Context(), id)
	h.must(err)
	if !c.State.Running || len(c.NetworkSettings.Ports["80/tcp"]) != 1 {
		h.t.Errorf("it is %s, with ports %v", c.State.Status, c.NetworkSettings.Ports)
	}
	networks := make(map[string]network.EndpointSettings)
	for name, s := range c.NetworkSettings.Networks {
		s.EndpointID = ""
		for _, names := range []*[]string{&s.Aliases, &s.DNSNames} {
			*names = slices.DeleteFunc(*names, func(n string) bool { return n == c.ID[:12] })
		}
		p := places[slices.IndexFunc(places, func(p place) bool { return p.network == name })]
		if p.address == "" {
			s.IPAddress = ""
		}
		if p.mac == "" {
			s.MacAddress = ""
		}
		networks[name] = *s
	}
	return networks
}
