package docker

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"reconciler/engine"
)

// A machine's /proc: 8080 of all addresses of IPv4, 53/udp of 127.0.0.1, 443 of
// all of IPv6, and a connection from port 9000.
var procfs = map[string]string{
	"net/tcp": "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n" +
		"   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0\n" +
		"   1: 0100007F:2328 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 20 4 30 10 -1\n",
	"net/tcp6": "  sl  local_address\n" +
		"   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100 0 0 10 0\n" +
		"   1: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 555 1 0 100 0 0 10 0\n" +
		"   garbage\n   2: xyz:0050 0 0A 0 0 0 0 0 666\n",
	"net/udp": "  sl  local_address\n" +
		" 100: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 444 2 0 0\n",
	"self/comm": "test\n",
	"9/comm":    "nginx\n",
	"12/comm":   "dns\n",
	"700/comm":  "nginx: worker\n",
}

func TestThePortsProcessIsFoundByItsSocket(t *testing.T) {
	proc := t.TempDir()
	for name, text := range procfs {
		file := filepath.Join(proc, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for pid, inodes := range map[int][]int{700: {111, 222, 444}, 9: {1, 111, 333}, 12: {444, 555}, 13: {}} {
		fds := filepath.Join(proc, fmt.Sprint(pid), "fd")
		if err := os.MkdirAll(fds, 0o755); err != nil {
			t.Fatal(err)
		}
		for fd, inode := range inodes {
			if err := os.Symlink(fmt.Sprintf("socket:[%d]", inode), filepath.Join(fds, fmt.Sprint(fd))); err != nil {
				t.Fatal(err)
			}
		}
	}
	nginx, dns := engine.Holder{Process: "nginx", PID: 9}, engine.Holder{Process: "dns", PID: 12}
	for p, want := range map[engine.Port]engine.Holder{
		{Host: 8080, Protocol: "tcp"}: nginx,
		{Host: 8080}:                  nginx,
		{HostIP: "127.0.0.1", Host: 8080, Protocol: "tcp"}:  nginx,
		{HostIP: "::1", Host: 8080, Protocol: "tcp"}:        {},
		{Host: 8080, Protocol: "udp"}:                       {},
		{Host: 9000, Protocol: "tcp"}:                       {}, // connected
		{Host: 443, Protocol: "tcp"}:                        nginx,
		{HostIP: "192.0.2.1", Host: 443, Protocol: "tcp"}:   nginx,
		{Host: 53, Protocol: "udp"}:                         dns,
		{HostIP: "127.0.0.1", Host: 53, Protocol: "udp"}:    dns,
		{HostIP: "192.0.2.1", Host: 53, Protocol: "udp"}:    {},
		{HostIP: "127.0.0.1", Host: 80, Protocol: "tcp"}:    dns, // an IPv4 address in IPv6
		{HostIP: "127.0.0.2", Host: 80, Protocol: "tcp"}:    {},
		{HostIP: "127.0.0.1", Host: 8080, Protocol: "sctp"}: {},
		{HostIP: "127.0.0.1", Host: 8081, Protocol: "tcp"}:  {},
	} {
		if got := listener(proc, p); got != want {
			t.Errorf("%+v: %+v, want %+v", p, got, want)
		}
	}
	if got := listener(filepath.Join(proc, "none"), engine.Port{Host: 8080}); got != (engine.Holder{}) {
		t.Errorf("without a /proc: %+v", got)
	}
}

func TestTheHolderOfAPortIsAContainerElseAProcessOfTheSameNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ours := engine.Port{HostIP: "0.0.0.0", Host: l.Addr().(*net.TCPAddr).Port, Protocol: "tcp"}
	list := says(200, fmt.Sprintf(`[{"Id":"1","State":"running","Names":["/plain"],"Ports":[{"PrivatePort":80,"Type":"tcp"}]},
		{"Id":"2","State":"running","Names":["/other-web-1"],"Labels":{"com.docker.compose.project":"other"},
		"Ports":[{"IP":"127.0.0.1","PrivatePort":80,"PublicPort":%d,"Type":"tcp"},{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":7,"Type":"udp"}]}]`, ours.Host+1))
	_, remote := speak(t, list)
	same := speakOnSocket(t, list)
	next := ours
	next.Host++
	for name, c := range map[string]struct {
		e    *Engine
		p    engine.Port
		want engine.Holder
	}{
		"a container":                    {same, next, engine.Holder{Container: "other-web-1", Project: "other"}},
		"another protocol":               {same, engine.Port{Host: 7, Protocol: "sctp"}, engine.Holder{}},
		"this process":                   {same, ours, engine.Holder{Process: comm(t), PID: os.Getpid()}},
		"of an engine somewhere else":    {remote, ours, engine.Holder{}},
		"a container of an engine there": {remote, next, engine.Holder{Container: "other-web-1", Project: "other"}},
	} {
		got, err := c.e.Holder(t.Context(), c.p)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, error %v, want %+v", name, got, err, c.want)
		}
	}
}

// otherNetwork makes this test serve the engine's list on the socket that it
// names, until its input ends.
const otherNetwork = "RECONCILER_TEST_SERVE"

func TestAProcessIsNotLookedForInAnotherNetwork(t *testing.T) {
	if path := os.Getenv(otherNetwork); path != "" {
		serveOn(t, path, says(200, `[]`))
		fmt.Println("serving")
		_, _ = io.Copy(io.Discard, os.Stdin) // until the other test ends
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("a network of one's own needs root")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	path := socketPath(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestAProcessIsNotLookedForInAnotherNetwork$")
	cmd.Env = append(os.Environ(), otherNetwork+"="+path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("no network of one's own here: %v", err)
	}
	if _, err := out.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	got, err := engineOn(t, path).Holder(t.Context(), engine.Port{Host: l.Addr().(*net.TCPAddr).Port, Protocol: "tcp"})
	if err != nil || got != (engine.Holder{}) {
		t.Errorf("%+v, error %v, want nobody", got, err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func comm(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	return engine.Excerpt(string(text))
}

// speakOnSocket is an engine behind a unix socket of this process.
func speakOnSocket(t *testing.T, answer http.HandlerFunc) *Engine {
	t.Helper()
	path := socketPath(t)
	serveOn(t, path, answer)
	return engineOn(t, path)
}

func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "re") // a socket's name must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "docker.sock")
}

func serveOn(t *testing.T, path string, answer http.HandlerFunc) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: &fake{version: "1.41", answer: answer}}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		<-served
	})
}

func engineOn(t *testing.T, path string) *Engine {
	t.Helper()
	e, err := New(Options{Host: "unix://" + path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}
