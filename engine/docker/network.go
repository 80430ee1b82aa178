package docker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"

	"reconciler/engine"
)

// macAPI is the first version of the API in which a connect heeds a MAC address;
// those before drop it (moby: daemon/server/router/network).
const macAPI = "1.54"

// networks are the container's, without what a start has made of their settings.
func networks(r container.InspectResponse) []engine.Network {
	var all []engine.Network
	for name, s := range r.NetworkSettings.Networks {
		if s == nil {
			s = &network.EndpointSettings{} // as it was created
		}
		settings, err := json.Marshal(network.EndpointSettings{
			IPAMConfig: s.IPAMConfig, Links: s.Links, Aliases: aliases(r, s),
			DriverOpts: s.DriverOpts, GwPriority: s.GwPriority, MacAddress: macAddress(r, name, s),
		})
		if err != nil {
			continue // strings and numbers always can
		}
		if len(settings) > maxString { // some of it may be missing: it can't be connected so again
			settings = nil
		}
		all = append(all, engine.Network{Name: name, Settings: string(settings)})
	}
	slices.SortFunc(all, func(a, b engine.Network) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// aliases are without the short ID, which older engines add at a start.
func aliases(r container.InspectResponse, s *network.EndpointSettings) []string {
	return slices.DeleteFunc(slices.Clone(s.Aliases), func(a string) bool { return len(a) == 12 && strings.HasPrefix(r.ID, a) })
}

// macAddress is the address that was asked for, as far as the engine tells it:
// always in the network that the container was created in, elsewhere until it
// is started for the first time.
func macAddress(r container.InspectResponse, name string, s *network.EndpointSettings) string {
	switch {
	case r.HostConfig != nil && r.HostConfig.NetworkMode.NetworkName() == name:
		//lint:ignore SA1019 what replaces it is what came of it, once it runs
		return r.Config.MacAddress
	case r.State.Status == container.StateCreated:
		return s.MacAddress
	}
	return ""
}

// Reconnect implements engine.Engine.
func (e *Engine) Reconnect(ctx context.Context, id string, networks []engine.Network) error {
	var errs []error
	for _, n := range networks {
		var settings network.EndpointSettings
		if err := json.Unmarshal([]byte(n.Settings), &settings); err != nil {
			errs = append(errs, fmt.Errorf("reconnect %s to %s: settings %q: %w: %w", id, n.Name, n.Settings, engine.ErrInvalid, err))
			continue
		}
		errs = append(errs, e.do(ctx, call{"reconnect", id + " to " + n.Name, nil, startDeadline}, func(ctx context.Context) error {
			cli := e.client.Load()
			if settings.MacAddress != "" {
				newer, err := e.connect(client.WithVersion(macAPI))
				if err != nil {
					return err
				}
				defer newer.Close()
				cli = newer
			}
			return connectError(cli.NetworkConnect(ctx, n.Name, id, &settings), id, settings.MacAddress)
		}))
	}
	return errors.Join(errs...)
}

// connectError tells apart what the API doesn't: 404 both where the container is
// gone and where the network is, and 400 of an engine that is too old for macAPI.
func connectError(err error, id, mac string) error {
	switch {
	case otherVersion(err) && mac != "":
		return fmt.Errorf("%w: this engine can't give it its MAC address %s: %w", engine.ErrInvalid, mac, err)
	case cerrdefs.IsNotFound(err) && !noSuchContainer(err, id):
		return fmt.Errorf("%w: %w", engine.ErrInvalid, err)
	}
	return err
}
