package own

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"reconciler/engine"
)

// box is a container that runs.
func box(name string, with ...func(*engine.Container)) engine.Container {
	c := engine.Container{Summary: engine.Summary{ID: "id-" + name, Name: name, State: engine.StateRunning}}
	for _, f := range with {
		f(&c)
	}
	return c
}

func shares(refs ...string) func(*engine.Container) {
	return func(c *engine.Container) { c.Shares = refs }
}

func mounts(all ...engine.Mount) func(*engine.Container) {
	return func(c *engine.Container) { c.Mounts = all }
}

func at(address string) func(*engine.Container) {
	return func(c *engine.Container) { c.Addresses = []netip.Addr{netip.MustParseAddr(address)} }
}

func bound(p engine.Port) func(*engine.Container) {
	return func(c *engine.Container) { c.Ports = []engine.Port{p} }
}

const (
	itself  = "the container in which reconciler runs"
	answers = "what answers at reconciler's engine address here://"
)

func owner(of, why string) string {
	return "the owner of a namespace that " + of + " shares, and that is " + why
}

func inWords(guards map[string]Guard) map[string]string {
	all := make(map[string]string)
	for id, g := range guards {
		all[id] = g.String()
	}
	return all
}

func TestWhatReconcilerRunsInIsGuardedAndWhoseNamespacesItShares(t *testing.T) {
	state := mounts(engine.Mount{Source: "/srv/shop", Target: "/state"})
	for name, c := range map[string]struct {
		self       engine.Self
		containers []engine.Container
		want       map[string]string
	}{
		"in no container":                 {engine.Self{}, []engine.Container{box("web")}, map[string]string{}},
		"of an engine that isn't this":    {engine.Self{ID: "id-other", Network: "id-other"}, []engine.Container{box("web")}, map[string]string{"id-other": itself}},
		"its network is its own":          {engine.Self{Network: "id-us", Mounted: "/state/state.yaml"}, []engine.Container{box("us"), box("web")}, map[string]string{"id-us": itself}},
		"its network is another's":        {engine.Self{ID: "id-us", Network: "id-vpn"}, []engine.Container{box("us", shares("id-vpn")), box("vpn"), box("web", shares("id-vpn"))}, map[string]string{"id-us": itself, "id-vpn": owner("us", itself)}},
		"it couldn't be looked at":        {engine.Self{ID: "id-us", Network: "id-vpn"}, []engine.Container{box("vpn")}, map[string]string{"id-us": itself, "id-vpn": "the owner of the network in which reconciler runs"}},
		"over two, and by name":           {engine.Self{ID: "id-us"}, []engine.Container{box("us", shares("vpn", "ipc")), box("vpn", shares("id-tun")), box("tun"), box("ipc")}, map[string]string{"id-us": itself, "id-vpn": owner("us", itself), "id-ipc": owner("us", itself), "id-tun": owner("vpn", owner("us", itself))}},
		"round and round":                 {engine.Self{ID: "id-us"}, []engine.Container{box("us", shares("id-vpn")), box("vpn", shares("id-us"))}, map[string]string{"id-us": itself, "id-vpn": owner("us", itself)}},
		"the owner is gone":               {engine.Self{ID: "id-us"}, []engine.Container{box("us", shares("id-old"))}, map[string]string{"id-us": itself, "id-old": owner("us", itself)}},
		"told apart by its files":         {engine.Self{Network: "id-vpn", Mounted: "/state/state.yaml"}, []engine.Container{box("us", shares("id-vpn"), state), box("vpn"), box("web", shares("vpn"))}, map[string]string{"id-us": itself, "id-vpn": owner("us", itself)}},
		"none has its files":              {engine.Self{Network: "id-vpn", Mounted: "/data/state.yaml"}, []engine.Container{box("us", shares("id-vpn"), state), box("vpn")}, map[string]string{"id-us": "perhaps " + itself, "id-vpn": owner("us", "perhaps "+itself)}},
		"it can't be told by its files":   {engine.Self{Network: "id-vpn"}, []engine.Container{box("us", shares("id-vpn"), state), box("vpn")}, map[string]string{"id-us": "perhaps " + itself, "id-vpn": owner("us", "perhaps "+itself)}},
		"two have them at the same place": {engine.Self{Network: "id-vpn", Mounted: "/state/state.yaml"}, []engine.Container{box("us", shares("id-vpn"), state), box("twin", shares("id-vpn"), state), box("vpn"), box("web", shares("id-vpn"))}, map[string]string{"id-us": "perhaps " + itself, "id-twin": "perhaps " + itself, "id-vpn": owner("us", "perhaps "+itself)}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, inWords(Guarded(c.self, engine.Info{}, c.containers))); diff != "" {
				t.Errorf("(- want, + got):\n%s", diff)
			}
		})
	}
}

func TestWhatAnswersAtTheEnginesAddressIsGuarded(t *testing.T) {
	us := engine.Self{ID: "id-us", Network: "id-us"}
	tcp := func(address string) engine.Server { return engine.Server{Address: netip.MustParseAddrPort(address)} }
	socket := engine.Server{Socket: "/engine/docker.sock"}
	published := engine.Port{HostIP: "0.0.0.0", Host: 2375, Container: 2375, Protocol: "tcp"}
	local := published
	local.HostIP = "127.0.0.1"
	volume := engine.Mount{Volume: true, Source: "sockets", Target: "/engine"}
	folder := engine.Mount{Source: "/srv/proxy", Target: "/engine"}
	perhaps := "perhaps " + answers + ", for it "
	with := func(more ...engine.Container) []engine.Container { return more }
	for name, c := range map[string]struct {
		self       engine.Self
		server     engine.Server
		containers []engine.Container
		want       map[string]string
	}{
		"its process is seen":                  {engine.Self{}, engine.Server{Seen: true, Container: "id-proxy", Socket: "/srv/proxy/docker.sock"}, with(box("proxy"), box("web", mounts(folder))), map[string]string{"id-proxy": answers}},
		"its process is the engine's":          {engine.Self{}, engine.Server{Seen: true, Socket: "/srv/proxy/docker.sock"}, with(box("web", mounts(folder))), map[string]string{}},
		"nothing is seen":                      {engine.Self{}, engine.Server{}, with(box("web", mounts(folder), bound(published), at("172.18.0.3"))), map[string]string{}},
		"it has the address":                   {us, tcp("172.18.0.3:2375"), with(box("us"), box("proxy", at("172.18.0.3")), box("web", at("172.18.0.4"), bound(engine.Port{Host: 80, Protocol: "tcp"}))), map[string]string{"id-us": itself, "id-proxy": answers}},
		"it has the address of IPv6":           {engine.Self{}, tcp("[fd00::3]:2375"), with(box("proxy", at("fd00::3"))), map[string]string{"id-proxy": answers}},
		"it shares the network that has it":    {us, tcp("172.18.0.3:2375"), with(box("us"), box("vpn", at("172.18.0.3")), box("proxy", shares("id-vpn")), box("web")), map[string]string{"id-us": itself, "id-vpn": answers, "id-proxy": perhaps + "shares a namespace of vpn"}},
		"it has it, and shares another's PIDs": {us, tcp("172.18.0.3:2375"), with(box("us"), box("proxy", at("172.18.0.3"), shares("id-init")), box("init")), map[string]string{"id-us": itself, "id-proxy": answers, "id-init": owner("proxy", answers)}},
		"it publishes the port":                {engine.Self{}, tcp("192.0.2.7:2375"), with(box("proxy", bound(published)), box("web", bound(local))), map[string]string{"id-proxy": perhaps + "publishes port 2375"}},
		"it publishes the port for loopback":   {engine.Self{}, tcp("127.0.0.1:2375"), with(box("proxy", bound(local)), box("web", bound(engine.Port{HostIP: "127.0.0.1", Host: 2375, Protocol: "udp"}))), map[string]string{"id-proxy": perhaps + "publishes port 2375"}},
		"loopback of a network that is shared": {engine.Self{ID: "id-us", Network: "id-vpn"}, tcp("127.0.0.1:2375"), with(box("us", shares("id-vpn")), box("vpn"), box("proxy", shares("id-vpn")), box("web")), map[string]string{"id-us": itself, "id-vpn": owner("us", itself), "id-proxy": perhaps + "shares a namespace of vpn"}},
		"loopback of our network":              {us, tcp("127.0.0.1:2375"), with(box("us"), box("proxy", shares("id-us")), box("web")), map[string]string{"id-us": itself, "id-proxy": perhaps + "shares a namespace of us"}},
		"another address, a network is shared": {engine.Self{ID: "id-us", Network: "id-vpn"}, tcp("192.0.2.7:2375"), with(box("us", shares("id-vpn")), box("vpn"), box("web", shares("id-vpn"))), map[string]string{"id-us": itself, "id-vpn": owner("us", itself)}},

		"it has the volume":               {us, socket, with(box("us", mounts(volume)), box("proxy", mounts(engine.Mount{Volume: true, Source: "sockets", Target: "/run"})), box("web", mounts(engine.Mount{Volume: true, Source: "data"}))), map[string]string{"id-us": itself, "id-proxy": perhaps + "can write to volume sockets"}},
		"it only reads the volume":        {us, socket, with(box("us", mounts(volume)), box("web", mounts(engine.Mount{Volume: true, Source: "sockets", ReadOnly: true}))), map[string]string{"id-us": itself}},
		"the volume lies over a folder":   {us, socket, with(box("us", mounts(engine.Mount{Source: "/srv", Target: "/"}, volume)), box("web", mounts(engine.Mount{Source: "/srv"}))), map[string]string{"id-us": itself}},
		"it has the folder":               {us, socket, with(box("us", mounts(folder)), box("proxy", mounts(engine.Mount{Source: "/srv/proxy", Target: "/run"})), box("web", mounts(engine.Mount{Source: "/srv/proxy/docker.sock", Target: "/docker.sock"}))), map[string]string{"id-us": itself, "id-proxy": perhaps + "can write to /srv/proxy"}},
		"it has all of the host":          {us, socket, with(box("us", mounts(folder)), box("backup", mounts(engine.Mount{Source: "/", Target: "/host"})), box("stats", mounts(engine.Mount{Source: "/", Target: "/host", ReadOnly: true}))), map[string]string{"id-us": itself, "id-backup": perhaps + "can write to /srv/proxy"}},
		"a folder of a like name":         {us, socket, with(box("us", mounts(folder)), box("web", mounts(engine.Mount{Source: "/srv/prox"}, engine.Mount{Source: "/srv/proxy2"}))), map[string]string{"id-us": itself}},
		"the socket itself is mounted":    {us, engine.Server{Socket: "/docker.sock"}, with(box("us", mounts(engine.Mount{Source: "/srv/proxy/docker.sock", Target: "/docker.sock"})), box("proxy", mounts(folder))), map[string]string{"id-us": itself, "id-proxy": perhaps + "can write to /srv/proxy"}},
		"the usual one":                   {us, engine.Server{Socket: "/var/run/docker.sock"}, with(box("us", mounts(engine.Mount{Source: "/var/run", Target: "/var/run"})), box("web", mounts(engine.Mount{Source: "/var/run", Target: "/var/run"}), mounts(engine.Mount{Source: "/"}))), map[string]string{"id-us": itself}},
		"the usual one alone":             {us, engine.Server{Socket: "/var/run/docker.sock"}, with(box("us", mounts(engine.Mount{Source: "/run/docker.sock", Target: "/var/run/docker.sock"})), box("web", mounts(engine.Mount{Source: "/var/run"}))), map[string]string{"id-us": itself}},
		"the usual one, in another place": {us, socket, with(box("us", mounts(engine.Mount{Source: "/var/run", Target: "/engine"})), box("web", mounts(engine.Mount{Source: "/run"}))), map[string]string{"id-us": itself}},
		"beside the usual one":            {us, engine.Server{Socket: "/engine/p/docker.sock"}, with(box("us", mounts(engine.Mount{Source: "/var/run", Target: "/engine"})), box("proxy", mounts(engine.Mount{Source: "/run/p"}))), map[string]string{"id-us": itself, "id-proxy": perhaps + "can write to /run/p"}},
		"in our own container":            {us, socket, with(box("us"), box("web", mounts(engine.Mount{Source: "/"}))), map[string]string{"id-us": itself}},
		"on the host, and not to be seen": {engine.Self{}, engine.Server{Socket: "/srv/proxy/docker.sock"}, with(box("proxy", mounts(folder)), box("web", mounts(volume))), map[string]string{"id-proxy": perhaps + "can write to /srv/proxy"}},
	} {
		t.Run(name, func(t *testing.T) {
			info := engine.Info{Address: "here://", Server: c.server}
			if diff := cmp.Diff(c.want, inWords(Guarded(c.self, info, c.containers))); diff != "" {
				t.Errorf("(- want, + got):\n%s", diff)
			}
		})
	}
}
