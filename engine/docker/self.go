package docker

import (
	"context"
	"fmt"
	"net"
	"net/http/httptrace"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"reconciler/engine"
)

// Self returns what this process can see of the container in which it runs.
// file is one of its files, which lies on something that was mounted, as a rule.
func Self(file string) engine.Self { return selfIn("/proc", file) }

// selfIn reads what the kernel tells below proc. The engine mounts files of a
// container's own over three of /etc, whatever the version of cgroups; but one
// that joins the network of another container has those of that one (moby:
// daemon/container_operations.go). Only the cgroup tells then, and only where
// its namespace isn't private, as it is with cgroups v2 as a rule.
func selfIn(proc, file string) engine.Self {
	cgroup, err := os.ReadFile(filepath.Join(proc, "self/cgroup"))
	if err != nil {
		return engine.Self{} // no /proc: not in a container of Docker
	}
	s := engine.Self{ID: containerIn(string(cgroup))}
	mounts, err := os.ReadFile(filepath.Join(proc, "self/mountinfo"))
	if err != nil {
		return s
	}
	for line := range strings.Lines(string(mounts)) {
		f := strings.Fields(line) // proc_pid_mountinfo(5): …, root, mount point, …
		if len(f) < 5 {
			continue
		}
		if m := ownFile.FindStringSubmatch(f[3]); m != nil && strings.HasPrefix(f[4], "/etc/") {
			s.Network = m[1]
		}
		if point := f[4]; point != "/" && (file == point || strings.HasPrefix(file, point+"/")) {
			s.Mounted = file
		}
	}
	return s
}

var (
	ownFile   = regexp.MustCompile(`/containers/([0-9a-f]{64})/(?:hostname|hosts|resolv\.conf)$`)
	cgroupsID = regexp.MustCompile(`[0-9a-f]{64}`)
)

// containerIn returns the container of a process, by its /proc/PID/cgroup; of
// containers in containers, the innermost; empty: none.
func containerIn(cgroup string) string {
	all := cgroupsID.FindAllString(cgroup, -1)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// watched is the context with which a call tells who answers it.
func watched(ctx context.Context, server *engine.Server) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) { *server = serverOf("/proc", got.Conn) },
	})
}

// serverOf is who is at the other end of the connection.
func serverOf(proc string, conn net.Conn) engine.Server {
	switch a := conn.RemoteAddr().(type) {
	case *net.TCPAddr:
		to := a.AddrPort()
		return engine.Server{Address: netip.AddrPortFrom(to.Addr().Unmap().WithZone(""), to.Port())}
	case *net.UnixAddr:
		s := engine.Server{Socket: a.Name}
		if cgroup, err := os.ReadFile(filepath.Join(proc, fmt.Sprint(peer(conn)), "cgroup")); err == nil {
			s.Seen, s.Container = true, containerIn(string(cgroup))
		}
		return s
	}
	return engine.Server{}
}

// peer is the process that listens at the other end of a unix socket; 0: it is
// in no namespace of ours, or the connection is of another kind.
func peer(conn net.Conn) int32 {
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		return 0
	}
	raw, err := unix.SyscallConn()
	if err != nil {
		return 0
	}
	var found *syscall.Ucred
	err = raw.Control(func(fd uintptr) {
		found, _ = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err != nil || found == nil {
		return 0
	}
	return found.Pid
}
