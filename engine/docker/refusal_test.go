package docker

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"reconciler/engine"
)

const (
	shim    = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
	task    = "failed to create task for container: " + shim + "error during container init: "
	drive   = "driver failed programming external connectivity on endpoint web (e605ed020817a7f00abd): "
	parent  = "c2be695363b2a78474a881ee7ede43d5424da37d7b5d5d0bdc38b1a3eff26a4d"
	ontoDir = ": Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type"
)

// heard are the words of engines: "debian" is 20.10, "current" the newest that
// the tests run on; both said them. What only stands in moby's source or tests is
// called after its version.
var heard = map[string]struct {
	status int
	words  string
	want   engine.Refusal
}{
	"debian: port of a container":     {500, drive + "Bind for 0.0.0.0:8080 failed: port is already allocated", engine.Refusal{Kind: engine.PortTaken, Port: engine.Port{Host: 8080}}},
	"debian: port of a process":       {500, drive + "Error starting userland proxy: listen tcp4 127.0.0.1:8080: bind: address already in use", engine.Refusal{Kind: engine.PortTaken, Port: engine.Port{HostIP: "127.0.0.1", Host: 8080, Protocol: "tcp"}}},
	"debian: port of a process, udp":  {500, drive + "Error starting userland proxy: listen udp4 0.0.0.0:53: bind: address already in use", engine.Refusal{Kind: engine.PortTaken, Port: engine.Port{HostIP: "0.0.0.0", Host: 53, Protocol: "udp"}}},
	"debian: address of nobody":       {500, drive + "Error starting userland proxy: listen tcp4 10.99.99.99:80: bind: cannot assign requested address", engine.Refusal{}},
	"27: port of a process":           {500, drive + "failed to bind port 0.0.0.0:8080/tcp: Error starting userland proxy: listen tcp4 0.0.0.0:8080: bind: address already in use", engine.Refusal{Kind: engine.PortTaken, Port: engine.Port{HostIP: "0.0.0.0", Host: 8080, Protocol: "tcp"}}},
	"28: port of a process":           {500, drive + "failed to bind host port for 0.0.0.0:8080:172.17.0.2:80/tcp: address already in use", engine.Refusal{Kind: engine.PortTaken, Port: engine.Port{HostIP: "0.0.0.0", Host: 8080, Protocol: "tcp"}}},
	"28: port of a process, IPv6":     {500, drive + "failed to bind host port for [::]:8080:[fd00::2]:80/tcp: address already in use", engine.Refusal{Kind: engine.PortTaken, Port: engine.Port{HostIP: "::", Host: 8080, Protocol: "tcp"}}},
	"current: port of a process":      {500, "failed to set up container networking: " + drive + "failed to bind host port 127.0.0.1:12345/sctp: address already in use", engine.Refusal{Kind: engine.PortTaken, Port: engine.Port{HostIP: "127.0.0.1", Host: 12345, Protocol: "sctp"}}},
	"current: port of an IPv6 one":    {500, drive + "failed to bind host port [::1]:8080/tcp: address already in use", engine.Refusal{Kind: engine.PortTaken, Port: engine.Port{HostIP: "::1", Host: 8080, Protocol: "tcp"}}},
	"current: port of a container":    {500, drive + "Bind for :::10000 failed: port is already allocated", engine.Refusal{Kind: engine.PortTaken, Port: engine.Port{Host: 10000}}},
	"both: mounted path":              {400, `invalid mount config for type "bind": bind source path does not exist: /srv/my data`, engine.Refusal{Kind: engine.PathMissing, Subject: "/srv/my data"}},
	"both: volume on a path":          {500, "error while mounting volume '/var/lib/docker/volumes/v/_data': failed to mount local volume: mount /srv/v:/var/lib/docker/volumes/v/_data, flags: 0x1000: no such file or directory", engine.Refusal{Kind: engine.PathMissing, Subject: "/srv/v"}},
	"both: device":                    {500, `error gathering device information while adding custom device "/dev/ttyUSB0": no such file or directory`, engine.Refusal{Kind: engine.PathMissing, Subject: "/dev/ttyUSB0"}},
	"debian: path that went":          {500, shim + `error during container init: error mounting "/srv/x" to rootfs at "/s": stat /srv/x: no such file or directory: unknown`, engine.Refusal{Kind: engine.PathMissing, Subject: "/srv/x"}},
	"current: path that went":         {500, task + "failed to fulfil mount request: open /srv/x: no such file or directory", engine.Refusal{Kind: engine.PathMissing, Subject: "/srv/x"}},
	"debian: file on folder":          {400, shim + `error during container init: error mounting "/srv/d" to rootfs at "/app": mount /srv/d:/app (via /proc/self/fd/6), flags: 0x5000: not a directory: unknown` + ontoDir, engine.Refusal{Words: `error mounting "/srv/d" to rootfs at "/app": mount /srv/d:/app (via /proc/self/fd/6), flags: 0x5000: not a directory: unknown` + ontoDir}},
	"both: network":                   {404, "network shop_back not found", engine.Refusal{Kind: engine.NetworkMissing, Subject: "shop_back"}},
	"both: image":                     {404, "No such image: shop/web:1", engine.Refusal{Kind: engine.ImageMissing, Subject: "shop/web:1"}},
	"debian: command":                 {404, shim + `exec: "/no-such": stat /no-such: no such file or directory: unknown`, engine.Refusal{Kind: engine.CommandNotFound, Subject: "/no-such", Words: `exec: "/no-such": stat /no-such: no such file or directory`}},
	"current: command":                {400, task + `exec: "/no-such": stat /no-such: no such file or directory`, engine.Refusal{Kind: engine.CommandNotFound, Subject: "/no-such"}},
	"debian: command on PATH":         {404, shim + `exec: "nginx": executable file not found in $PATH: unknown`, engine.Refusal{Kind: engine.CommandNotFound, Subject: "nginx"}},
	"debian: command not executable":  {400, shim + `exec: "/f": permission denied: unknown`, engine.Refusal{Kind: engine.CommandNotExecutable, Subject: "/f"}},
	"current: command not executable": {400, task + `exec: "/f": permission denied`, engine.Refusal{Kind: engine.CommandNotExecutable, Subject: "/f"}},
	"current: command is a folder":    {400, task + `exec: "/etc": is a directory: permission denied`, engine.Refusal{Kind: engine.CommandNotExecutable, Subject: "/etc"}},
	"debian: network parent, down":    {409, "cannot join network of a non running container: " + parent, engine.Refusal{Kind: engine.NamespaceDown, Subject: parent}},
	"debian: network parent, gone":    {404, "No such container: " + parent, engine.Refusal{Kind: engine.NamespaceGone, Subject: parent}},
	"current: network parent, gone":   {500, "joining network namespace of container: No such container: " + parent, engine.Refusal{Kind: engine.NamespaceGone, Subject: parent}},
	"current: network parent, down":   {409, "cannot join network namespace of a non running container: container shop-vpn-1 is created", engine.Refusal{Kind: engine.NamespaceDown, Subject: "shop-vpn-1"}},
	"debian: PID parent, gone":        {500, "cannot join PID of a non running container: " + parent + ": No such container: " + parent, engine.Refusal{Kind: engine.NamespaceGone, Subject: parent}},
	"debian: IPC parent, down":        {500, "can't join IPC of container " + parent + ": container " + parent + " is not running", engine.Refusal{Kind: engine.NamespaceDown, Subject: parent}},
	"current: PID parent, down":       {500, "failed to join PID namespace: container " + parent + " is not running", engine.Refusal{Kind: engine.NamespaceDown, Subject: parent}},
	"current: IPC parent, down":       {409, "failed to join IPC namespace: container " + parent + " is not running", engine.Refusal{Kind: engine.NamespaceDown, Subject: parent}},
	"current: IPC parent, gone":       {400, "failed to join IPC namespace: No such container: " + parent, engine.Refusal{Kind: engine.NamespaceGone, Subject: parent}},
	"current: network":                {404, "failed to set up container networking: network " + parent + " not found", engine.Refusal{Kind: engine.NetworkMissing, Subject: parent}},
	"both: user":                      {500, "unable to find user nosuch: no matching entries in passwd file", engine.Refusal{}},
	"nobody: a port beyond all":       {500, drive + "Bind for 0.0.0.0:99999 failed: port is already allocated", engine.Refusal{}},
	"nobody: nonsense":                {500, strings.Repeat("so\nit goes ", 100), engine.Refusal{Words: strings.Repeat("so it goes ", 27)[:297] + "…"}},
}

func TestTheEnginesWordsTellWhatAStartIsRefusedFor(t *testing.T) {
	for name, c := range heard {
		t.Run(name, func(t *testing.T) {
			for _, verb := range []string{"start", "restart"} {
				_, e := speak(t, refuses(c.status, c.words))
				err := verbs(e)[verb](t.Context(), "web")
				var got *engine.Refusal
				found := errors.As(err, &got)
				if !found || !errors.Is(err, engine.ErrInvalid) || errors.Is(err, engine.ErrNotFound) || errors.Is(err, engine.ErrConflict) {
					t.Fatalf("%s: error %v is no refusal", verb, err)
				}
				ignore := []string{"Err"}
				if c.want.Words == "" {
					ignore = append(ignore, "Words")
				}
				if diff := cmp.Diff(&c.want, got, cmpopts.IgnoreFields(engine.Refusal{}, ignore...)); diff != "" {
					t.Errorf("%s (- want, + got):\n%s", verb, diff)
				}
				if got.Words == "" || len(got.Words) > engine.MaxWords || strings.Contains(got.Words, "\n") || strings.HasPrefix(got.Words, "Error response") {
					t.Errorf("%s: words %q", verb, got.Words)
				}
			}
		})
	}
}
