package dockertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
)

// Network makes a bridge of the test's own, which goes with it, and returns an
// address that a container may ask for there. An engine without a bridge of its
// own has this.
func Network(t testing.TB, cli *client.Client) (name, address string) {
	t.Helper()
	name = Name()
	for {
		// Of the networks for benchmarks, which nobody has (RFC 2544); others of
		// these tests may.
		net := fmt.Sprintf("198.%d.%d.", 18+rand.IntN(2), rand.IntN(256))
		n, err := cli.NetworkCreate(t.Context(), name, network.CreateOptions{
			Driver: "bridge",
			IPAM:   &network.IPAM{Config: []network.IPAMConfig{{Subnet: net + "0/24"}}},
		})
		if err != nil && strings.Contains(err.Error(), "overlap") {
			continue
		}
		if err != nil {
			t.Fatalf("make a network: %v", err)
		}
		t.Cleanup(func() { _ = cli.NetworkRemove(context.Background(), n.ID) })
		return name, net + "77"
	}
}
