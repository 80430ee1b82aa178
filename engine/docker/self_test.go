package docker

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"reconciler/engine"
)

var us, vpn = strings.Repeat("4f5e", 16), strings.Repeat("77aa", 16)

// As engine 20.10 shows them to a container that has joined the network of vpn.
var (
	hostsCgroup = "9:name=systemd:/docker/" + us + "\n0::/docker/" + us + "\n"
	ownCgroup   = "9:name=systemd:/\n0::/\n"
	joined      = "207 367 0:61 / / rw,relatime master:8 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/MU6P\n" +
		"526 207 254:0 /srv/shop /state rw,relatime - ext4 /dev/vda rw\n" +
		"528 207 254:0 /var/lib/docker/containers/" + vpn + "/hostname /etc/hostname rw,relatime - ext4 /dev/vda rw\n" +
		"529 207 254:0 /var/lib/docker/containers/" + vpn + "/hosts /etc/hosts rw,relatime - ext4 /dev/vda rw\n"
)

// procOf is a /proc that says that of a process.
func procOf(t *testing.T, pid string, files map[string]string) string {
	t.Helper()
	proc := t.TempDir()
	if err := os.Mkdir(filepath.Join(proc, pid), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(proc, pid, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return proc
}

func TestAProcessFindsTheContainerThatItRunsIn(t *testing.T) {
	outer := strings.Repeat("0123", 16)
	for name, c := range map[string]struct {
		cgroup, mounts, file string
		want                 engine.Self
	}{
		"on a host":                        {"0::/user.slice\n", "26 1 254:0 / / rw - ext4 /dev/vda rw\n", "/srv/state.yaml", engine.Self{}},
		"in a network of another":          {hostsCgroup, joined, "/state/state.yaml", engine.Self{ID: us, Network: vpn, Mounted: "/state/state.yaml"}},
		"with a cgroup namespace":          {ownCgroup, joined, "/state/state.yaml", engine.Self{Network: vpn, Mounted: "/state/state.yaml"}},
		"the file is in the image":         {ownCgroup, joined, "/state.yaml", engine.Self{Network: vpn}},
		"the file is in a folder like it":  {ownCgroup, joined, "/states/state.yaml", engine.Self{Network: vpn}},
		"the file itself is mounted":       {ownCgroup, joined, "/state", engine.Self{Network: vpn, Mounted: "/state"}},
		"as systemd calls its cgroup":      {"0::/system.slice/docker-" + us + ".scope\n", joined, "/x", engine.Self{ID: us, Network: vpn}},
		"in a container in a container":    {"0::/docker/" + outer + "/docker/" + us + "\n", joined, "/x", engine.Self{ID: us, Network: vpn}},
		"the engine's own folder is there": {ownCgroup, joined + "626 207 254:0 /var/lib/docker/containers/" + outer + "/hosts /engine/data/x/hosts rw - ext4 /dev/vda rw\n", "/x", engine.Self{Network: vpn}},
		"data of the engine's in a volume": {ownCgroup, strings.ReplaceAll(joined, "/var/lib/docker/containers", "/containers"), "/x", engine.Self{Network: vpn}},
		"nonsense":                         {"\n", "1 2\n\n", "/x", engine.Self{}},
	} {
		t.Run(name, func(t *testing.T) {
			proc := procOf(t, "self", map[string]string{"cgroup": c.cgroup, "mountinfo": c.mounts})
			if diff := cmp.Diff(c.want, selfIn(proc, c.file)); diff != "" {
				t.Errorf("(- want, + got):\n%s", diff)
			}
		})
	}
	if got := selfIn(t.TempDir(), "/x"); got != (engine.Self{}) {
		t.Errorf("without a /proc: %+v", got)
	}
}

func TestItIsSeenWhoAnswersByTCP(t *testing.T) {
	_, e := speak(t, says(200, `{}`))
	info, err := e.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := engine.Server{Address: netip.MustParseAddrPort(strings.TrimPrefix(e.Address(), "tcp://"))}
	if info.Server != want {
		t.Errorf("%+v, want %+v", info.Server, want)
	}
}

func TestItIsSeenWhoAnswersOnAUnixSocket(t *testing.T) {
	e := speakOnSocket(t, says(200, `{}`))
	path := strings.TrimPrefix(e.Address(), "unix://")
	info, err := e.Info(t.Context())
	if err != nil || !info.Server.Seen || info.Server.Socket != path {
		t.Errorf("%+v, error %v", info.Server, err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := peer(conn); int(got) != os.Getpid() {
		t.Fatalf("process %d, want our own, %d", got, os.Getpid())
	}
	pid := strconv.Itoa(os.Getpid())
	for name, c := range map[string]struct {
		proc string
		want engine.Server
	}{
		"in a container":   {procOf(t, pid, map[string]string{"cgroup": hostsCgroup}), engine.Server{Seen: true, Container: us, Socket: path}},
		"in none":          {procOf(t, pid, map[string]string{"cgroup": ownCgroup}), engine.Server{Seen: true, Socket: path}},
		"it can't be seen": {t.TempDir(), engine.Server{Socket: path}},
	} {
		if got := serverOf(c.proc, conn); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
