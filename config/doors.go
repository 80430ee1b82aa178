package config

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// maxSocketPath is the longest path that the kernel binds a socket to.
const maxSocketPath = 107

// Place is where one value of --listen listens.
type Place struct {
	Unix    bool
	Address string // HOST:PORT; of a unix socket, its path
	Admin   bool   // of a unix socket: who opens it may do all
}

// ParsePlace reads a value of --listen: HOST:PORT, or unix:PATH, or
// unix:PATH:admin.
func ParsePlace(s string) (Place, error) {
	path, unix := strings.CutPrefix(s, "unix:")
	if !unix {
		return Place{Address: s}, address(s)
	}
	path, admin := strings.CutSuffix(path, ":admin")
	p := Place{Unix: true, Address: path, Admin: admin}
	switch {
	case path == "":
		return p, fmt.Errorf("%q names no path; write it like unix:/run/reconciler/reconciler.sock", s)
	case path[0] == '@', strings.ContainsRune(path, 0):
		return p, fmt.Errorf("%q is no path: a socket without a file has no mode that could keep others out", s)
	case strings.Contains(path, ":"):
		return p, fmt.Errorf("%q: nothing but :admin may follow the path", s)
	case len(path) > maxSocketPath:
		return p, fmt.Errorf("%q is longer than %d bytes, and no socket can be", s, maxSocketPath)
	}
	return p, nil
}

// Loopback reports whether only this host can reach the place.
func (p Place) Loopback() bool {
	if p.Unix {
		return true
	}
	host, _, err := net.SplitHostPort(p.Address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// Host is the name by which the place may be asked for; "" where it has none,
// as a unix socket or an address that stands for all.
func (p Place) Host() string {
	host, _, err := net.SplitHostPort(p.Address)
	if ip := net.ParseIP(host); p.Unix || err != nil || ip != nil && ip.IsUnspecified() {
		return ""
	}
	return host
}

// address returns what is wrong with a HOST:PORT.
func address(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%q is no address; write it like 127.0.0.1:8480", s)
	}
	return nil
}

// Places are the values of --listen. The values that can't be read are left
// out; Validate names them.
func (c *Config) Places() []Place {
	var places []Place
	for _, s := range c.Listen {
		if p, err := ParsePlace(s); err == nil {
			places = append(places, p)
		}
	}
	return places
}

// Open reports whether loopback addresses take anybody without a token: only
// while nothing says that others than the users of this host come there.
func (c *Config) Open() bool { return c.TokenFile == "" && len(c.AllowedHosts) == 0 }

// doors returns all that is wrong with who is let in.
func (c *Config) doors() []error {
	var errs []error
	wrong := func(flag, format string, args ...any) {
		errs = append(errs, fmt.Errorf("--%s: %s", flag, fmt.Sprintf(format, args...)))
	}
	if len(c.Listen) == 0 {
		wrong("listen", "name an address")
	}
	for _, s := range c.Listen {
		p, err := ParsePlace(s)
		if err != nil {
			wrong("listen", "%v", err)
			continue
		}
		if p.Loopback() {
			continue
		}
		if c.TokenFile == "" {
			wrong("listen", "%q can be reached from other hosts, and whoever reaches it could stop your containers: say with --token-file who may", s)
		}
		if c.WebConfig == "" && !c.PlainHTTP {
			wrong("listen", "%q would carry tokens in the clear: encrypt with --web-config, or say --plain-http if something else does", s)
		}
	}
	if c.MetricsListen != "" {
		if err := address(c.MetricsListen); err != nil {
			wrong("metrics-listen", "%v", err)
		}
	}
	if c.WebConfig != "" && c.PlainHTTP {
		wrong("plain-http", "contradicts --web-config; say one of them")
	}
	for _, host := range c.AllowedHosts {
		if err := hostName(host); err != nil {
			wrong("allowed-host", "%v", err)
		}
	}
	return errs
}

func hostName(s string) error {
	bare := strings.Trim(s, "[]")
	if bare == "" || net.ParseIP(bare) == nil && strings.ContainsAny(s, ":/@*[] \t") {
		return errors.New(strconv.Quote(s) + " is no host; write it like panel.example.org, without scheme, port or path")
	}
	return nil
}
