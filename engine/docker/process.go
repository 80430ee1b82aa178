package docker

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"reconciler/engine"
)

// sharesNetwork reports whether the engine is in the network namespace of this
// process, so that a port of its host is one of ours. When in doubt it isn't:
// the engine is not behind a unix socket, something else is between, or the
// process at its other end can't be looked at.
func (e *Engine) sharesNetwork(ctx context.Context) bool {
	path, local := strings.CutPrefix(e.Address(), "unix://")
	if !local {
		return false
	}
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return false
	}
	defer conn.Close()
	ours, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return false
	}
	theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", peer(conn)))
	return err == nil && ours == theirs
}

// listener is the process that has the port, by the files below proc. The zero
// Holder: none has it, or its files may not be read.
func listener(proc string, p engine.Port) engine.Holder {
	sockets := make(map[string]bool) // "socket:[inode]"
	for _, protocol := range []string{"tcp", "udp"} {
		if p.Protocol != "" && p.Protocol != protocol {
			continue
		}
		for _, family := range []string{"", "6"} {
			text, err := os.ReadFile(filepath.Join(proc, "net", protocol+family))
			if err != nil {
				continue // no IPv6, say
			}
			for line := range strings.Lines(string(text)) {
				if inode := socketOn(line, protocol, p); inode != "" {
					sockets["socket:["+inode+"]"] = true
				}
			}
		}
	}
	if len(sockets) == 0 {
		return engine.Holder{}
	}
	return owner(proc, sockets)
}

// waiting is the state of a socket that waits for others, by protocol (linux:
// include/net/tcp_states.h); of a UDP one, that it isn't connected.
var waiting = map[string]string{"tcp": "0A", "udp": "07"}

// socketOn returns the inode of the socket of that line of /proc/net/{tcp,udp}{,6},
// if it has the port; else "".
func socketOn(line, protocol string, p engine.Port) string {
	f := strings.Fields(line)
	if len(f) < 10 || f[3] != waiting[protocol] {
		return ""
	}
	address, number, ok := strings.Cut(f[1], ":")
	host, err := strconv.ParseUint(number, 16, 16)
	if !ok || err != nil {
		return ""
	}
	ip, ok := hexAddress(address)
	if !ok || !p.Overlaps(engine.Port{HostIP: ip, Host: int(host), Protocol: protocol}) {
		return ""
	}
	return f[9]
}

// hexAddress is an address as the kernel prints it: in words of 32 bits, each
// with its bytes in the order of the machine, which is taken to be the little
// end first.
func hexAddress(text string) (string, bool) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw)%4 != 0 {
		return "", false
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	ip, ok := netip.AddrFromSlice(raw)
	if ok && ip == netip.IPv6Unspecified() {
		return "", true // as a rule it takes IPv4's, too
	}
	return ip.String(), ok
}

// owner is the process, the one with the lowest number, that has one of the
// sockets open.
func owner(proc string, sockets map[string]bool) engine.Holder {
	found := engine.Holder{}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return found
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || found.PID != 0 && found.PID < pid {
			continue // no process, or not the first of them
		}
		fds := filepath.Join(proc, entry.Name(), "fd")
		open, err := os.ReadDir(fds)
		if err != nil {
			continue // it has ended, or isn't for us to look at
		}
		for _, fd := range open {
			target, err := os.Readlink(filepath.Join(fds, fd.Name()))
			if err != nil || !sockets[target] {
				continue
			}
			name, err := os.ReadFile(filepath.Join(proc, entry.Name(), "comm"))
			if err == nil {
				found = engine.Holder{Process: engine.Excerpt(string(name)), PID: pid}
			}
			break
		}
	}
	return found
}
