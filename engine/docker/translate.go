package docker

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"

	"reconciler/engine"
)

// maxImage bounds what is kept of an image's name, which is shown to nobody.
const maxImage = 1 << 10

// complete reports an answer that only looks like a list: taken for one, it
// would make containers vanish that are there.
func complete(list []container.Summary) error {
	if list == nil {
		return errors.New("the engine's answer is no list")
	}
	for _, c := range list {
		if c.ID == "" || c.State == "" {
			return errors.New("the engine's list lacks a container's ID or state")
		}
	}
	return nil
}

// summary is one entry of a list. A container has more names than one only by
// links; its own is the one without a second slash.
func summary(c container.Summary) engine.Summary {
	name := ""
	for _, n := range c.Names {
		if n = strings.TrimPrefix(n, "/"); !strings.Contains(n, "/") {
			name = n
		}
	}
	return engine.Summary{
		ID: c.ID, Name: name, Image: engine.Cut(c.Image, maxImage), State: engine.State(c.State), Health: healthIn(c.Status),
		Claim: engine.ReadClaim(c.Labels),
	}
}

// healthIn reads the health out of the only place where a list of the oldest
// API tells it: "Up 2 minutes (healthy)" (moby: daemon/container/state.go).
func healthIn(status string) engine.Health {
	switch {
	case strings.HasSuffix(status, "(healthy)"):
		return engine.HealthHealthy
	case strings.HasSuffix(status, "(unhealthy)"):
		return engine.HealthUnhealthy
	case strings.HasSuffix(status, "(health: starting)"):
		return engine.HealthStarting
	}
	return engine.HealthNone
}

// translate is the answer to an inspect. An answer without an ID, a state or a
// configuration is cut off or not Docker's.
func translate(r container.InspectResponse) (engine.Container, error) {
	if r.ContainerJSONBase == nil || r.ID == "" || r.State == nil || r.State.Status == "" || r.Config == nil {
		return engine.Container{}, errors.New("the engine's answer lacks the container's ID, state or configuration")
	}
	c := engine.Container{
		Summary: engine.Summary{
			ID: r.ID, Name: strings.TrimPrefix(r.Name, "/"), Image: engine.Cut(r.Config.Image, maxImage),
			State: engine.State(r.State.Status), Claim: engine.ReadClaim(r.Config.Labels),
		},
		PID: r.State.Pid, ExitCode: r.State.ExitCode, OOMKilled: r.State.OOMKilled, Error: engine.Cut(r.State.Error, engine.MaxError),
		Restarts: r.RestartCount,
	}
	if r.State.Health != nil && r.State.Health.Status != container.NoHealthcheck {
		c.Health = engine.Health(r.State.Health.Status)
		if log := r.State.Health.Log; len(log) > 0 && log[len(log)-1] != nil {
			c.HealthAt = log[len(log)-1].End
		}
	}
	if r.HostConfig != nil {
		c.AutoRemove = r.HostConfig.AutoRemove
		c.Publishes = ports(r.HostConfig.PortBindings, true)
		c.Shares = shares(r.HostConfig)
	}
	c.Mounts = mounts(r.Mounts)
	if r.Config.StopTimeout != nil {
		c.StopTimeout = time.Duration(*r.Config.StopTimeout) * time.Second
	}
	if r.NetworkSettings != nil {
		c.Ports = ports(r.NetworkSettings.Ports, false)
		c.Addresses = addresses(r.NetworkSettings.Networks)
		c.Networks = networks(r)
		c.Unplugged = unplugged(r, c)
	}
	for _, t := range []struct {
		text string
		to   *time.Time
	}{{r.Created, &c.CreatedAt}, {r.State.StartedAt, &c.StartedAt}, {r.State.FinishedAt, &c.FinishedAt}} {
		at, err := moment(t.text)
		if err != nil {
			return engine.Container{}, err
		}
		*t.to = at
	}
	return c, nil
}

// unplugged reports that a failed start has taken the container's networks away.
// Somebody may have done so on purpose: then no start has failed since, or it
// has no port that would be missed.
func unplugged(r container.InspectResponse, c engine.Container) bool {
	if r.HostConfig == nil || c.State.Alive() || c.Error == "" || len(c.Publishes) == 0 {
		return false
	}
	mode := r.HostConfig.NetworkMode
	return len(r.NetworkSettings.Networks) == 0 && !mode.IsNone() && !mode.IsHost() && !mode.IsContainer()
}

// moment is a time of the API; the year 1 means never.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("the engine's time %q: %w", text, err)
	}
	if t.Year() <= 1 {
		return time.Time{}, nil
	}
	return t, nil
}

// addresses are those of all its networks.
func addresses(networks map[string]*network.EndpointSettings) []netip.Addr {
	var all []netip.Addr
	for _, n := range networks {
		if n == nil {
			continue
		}
		for _, text := range []string{n.IPAddress, n.GlobalIPv6Address} {
			if a, err := netip.ParseAddr(text); err == nil { // else it has none
				all = append(all, a)
			}
		}
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}

// shares are the containers whose namespaces it joins, each once.
func shares(h *container.HostConfig) []string {
	var all []string
	for _, mode := range []string{string(h.NetworkMode), string(h.IpcMode), string(h.PidMode)} {
		if id, ok := strings.CutPrefix(mode, "container:"); ok && id != "" && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// mounts are its named volumes and what it has of the host's files.
func mounts(points []container.MountPoint) []engine.Mount {
	var all []engine.Mount
	for _, m := range points {
		switch {
		case m.Type == mount.TypeVolume && m.Name != "":
			all = append(all, engine.Mount{Volume: true, Source: m.Name, Target: m.Destination, ReadOnly: !m.RW})
		case m.Type == mount.TypeBind && m.Source != "":
			all = append(all, engine.Mount{Source: m.Source, Target: m.Destination, ReadOnly: !m.RW})
		}
	}
	slices.SortFunc(all, func(a, b engine.Mount) int { return cmp.Compare(a.Source, b.Source) })
	return all
}

// ports is in the order of the container's ports, and within one of the host's.
// open: a binding without a port of the host is kept, as 0.
func ports(m nat.PortMap, open bool) []engine.Port {
	var all []engine.Port
	for p, bindings := range m {
		for _, b := range bindings {
			host, err := nat.ParsePort(b.HostPort)
			if err != nil || host == 0 && !open {
				continue // exposed, or not bound yet
			}
			all = append(all, engine.Port{HostIP: b.HostIP, Host: host, Container: p.Int(), Protocol: p.Proto()})
		}
	}
	slices.SortFunc(all, func(a, b engine.Port) int {
		return cmp.Or(cmp.Compare(a.Container, b.Container), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.Host, b.Host), cmp.Compare(a.HostIP, b.HostIP))
	})
	return all
}
