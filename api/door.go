package api

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Door is one way in: where it is, and what it grants. The zero value is no
// door.
type Door struct {
	Address string // HOST:PORT, or unix:PATH
	// Grants is what everybody may who comes in here, whatever he shows; no
	// credential is looked at then. None: it takes a token. Only a unix socket,
	// whose mode keeps others out, or a loopback address may grant anything.
	Grants Role
	// WebConfig is a web configuration file of exporter-toolkit, by which a TCP
	// door is encrypted. Empty: it isn't.
	WebConfig string
	// Metrics makes it a door for Prometheus: /metrics, /healthz and /readyz
	// alone, for anybody who reaches it, under any name.
	Metrics bool
}

// The most connections of a door at once (connections.go); half of them may come
// from one address of another host.
const (
	maxConnections        = 64
	maxMetricsConnections = 16
)

// open reports whether it lets in without a token, because only this host
// reaches it. Whoever comes through a proxy then isn't of this host.
func (d Door) open() bool { return d.Grants.may(Read) && !d.unix() }

// guarded reports whether it takes a token.
func (d Door) guarded() bool { return !d.Metrics && !d.Grants.may(Read) }

// named reports whether the host by which it is asked for must be known.
func (d Door) named() bool { return !d.unix() && !d.Metrics }

func (d Door) unix() bool { return strings.HasPrefix(d.Address, "unix:") }

// Entrance is an opened door.
type Entrance struct {
	net.Listener
	Door Door

	socket  *socket // of a unix door; else nil
	warning string  // of what was found when it was opened; told once it serves
}

// Listen opens a door. The error says so when somebody else has the address,
// when a door that grants something without a token could be reached from
// other hosts, or when its web configuration can't be used.
func Listen(d Door) (*Entrance, error) {
	if err := checkWebConfig(d.WebConfig); err != nil {
		return nil, err
	}
	if path, ok := strings.CutPrefix(d.Address, "unix:"); ok {
		l, warning, err := listenUnix(path)
		if err != nil {
			return nil, err
		}
		return &Entrance{l, d, l, warning}, nil
	}
	l, err := net.Listen("tcp", d.Address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w (is reconciler running already? name another address)", d.Address, err)
	}
	if at, ok := l.Addr().(*net.TCPAddr); d.open() && (!ok || !at.IP.IsLoopback()) {
		err := fmt.Errorf("listen on %s: %s is not a loopback address, and this door would ask for no token", d.Address, l.Addr())
		return nil, errors.Join(err, l.Close())
	}
	return &Entrance{Listener: l, Door: d}, nil
}

// begin tells what was found when the door was opened, and says to whom what
// becomes of it is told.
func (e *Entrance) begin(warn func(string)) {
	if e.socket != nil {
		e.socket.warn = warn
	}
	if e.warning != "" {
		warn(e.warning)
	}
}

// trouble returns why nobody comes in by the door now; empty: they do.
func (e *Entrance) trouble() string {
	if e.socket != nil {
		return e.socket.trouble()
	}
	return ""
}

// URL is where a client finds the door, as the commands' --server takes it.
func (e *Entrance) URL() string {
	if e.Door.unix() {
		return e.Door.Address
	}
	scheme, address := "http", e.Addr().String()
	if e.Door.WebConfig != "" {
		scheme = "https"
	}
	// At every address of this host is also at this one, which each door takes.
	if a, err := netip.ParseAddrPort(address); err == nil && a.Addr().IsUnspecified() {
		address = net.JoinHostPort("localhost", strconv.Itoa(int(a.Port())))
	}
	return scheme + "://" + address + "/"
}
