package docker

import (
	"regexp"
	"strconv"
	"strings"

	"reconciler/engine"
)

// The engines' words for why a start is refused. The API's status codes don't
// tell one reason from another, so the words must; those here were heard from
// 20.10 and from the current engine (refusal_test.go has them), and read in
// moby between them. What none fits is told as it is.
var (
	// What stands before the words that matter: who called whom.
	preamble = regexp.MustCompile(`^.*?unable to start container process: (?:error during container init: )?`)

	// moby: libnetwork/portallocator, cmd/docker-proxy.
	taken = []*regexp.Regexp{
		// The address here isn't always the one that was asked for.
		regexp.MustCompile(`Bind for \S+:(?P<port>\d+) failed: port is already allocated`),
		regexp.MustCompile(`listen (?P<proto>tcp|udp|sctp)[46]? (?P<ip>\S*):(?P<port>\d+): bind: address already in use`),
		regexp.MustCompile(`failed to bind host port (?P<ip>\S+):(?P<port>\d+)/(?P<proto>tcp|udp|sctp): address already in use`),
		// 28: the container's own address and port are between them.
		regexp.MustCompile(`failed to bind host port for (?P<ip>\[\S*?\]|[^\s:]*):(?P<port>\d+):\S+/(?P<proto>tcp|udp|sctp): address already in use`),
	}
	// moby: volume/mounts, daemon; runc: libcontainer/rootfs_linux.go.
	missing = []struct {
		kind  engine.Refused
		words *regexp.Regexp
	}{
		{engine.PathMissing, regexp.MustCompile(`bind source path does not exist: (.+)$`)},
		{engine.PathMissing, regexp.MustCompile(`failed to mount local volume: mount (.+?):.+: no such file or directory$`)},
		{engine.PathMissing, regexp.MustCompile(`device information while adding custom device "(.+?)": no such file or directory`)},
		{engine.PathMissing, regexp.MustCompile(`error mounting "(.+?)" to rootfs at .+?: stat .+?: no such file or directory`)},
		{engine.PathMissing, regexp.MustCompile(`failed to fulfil mount request: open (.+?): no such file or directory`)},
		{engine.NamespaceGone, regexp.MustCompile(`[Nn]o such container: (\S+)$`)},
		{engine.NamespaceDown, regexp.MustCompile(`cannot join network of a non running container: (\S+)$`)},
		{engine.NamespaceDown, regexp.MustCompile(`container (\S+) is (?:not running|created|exited|dead|restarting|paused)$`)},
		{engine.NetworkMissing, regexp.MustCompile(`network (\S+) not found$`)},
		{engine.ImageMissing, regexp.MustCompile(`[Nn]o such image: (\S+)$`)},
		{engine.CommandNotFound, regexp.MustCompile(`exec: "(.*?)": (?:executable file not found in \$PATH|stat .+?: no such file or directory|no such file or directory)`)},
		{engine.CommandNotExecutable, regexp.MustCompile(`exec: "(.*?)": (?:is a directory: )?permission denied`)},
		{engine.CommandNotExecutable, regexp.MustCompile(`exec (\S+?): exec format error`)},
	}
)

// refusal is what the engine refused a start for.
func refusal(err error) *engine.Refusal {
	whole := strings.TrimPrefix(strings.Join(strings.Fields(err.Error()), " "), "Error response from daemon: ")
	whole = strings.TrimSuffix(whole, ": unknown")
	r := &engine.Refusal{Words: engine.Excerpt(preamble.ReplaceAllLiteralString(whole, "")), Err: err}
	for _, pattern := range taken {
		if p := portIn(pattern, whole); p.Host != 0 {
			r.Kind, r.Port = engine.PortTaken, p
			return r
		}
	}
	for _, p := range missing {
		if m := p.words.FindStringSubmatch(whole); m != nil {
			r.Kind, r.Subject = p.kind, engine.Excerpt(m[1])
			return r
		}
	}
	return r
}

// portIn is the port that the pattern finds in the words; zero: none.
func portIn(pattern *regexp.Regexp, words string) engine.Port {
	m := pattern.FindStringSubmatch(words)
	if m == nil {
		return engine.Port{}
	}
	number, err := strconv.ParseUint(m[pattern.SubexpIndex("port")], 10, 16)
	if err != nil {
		return engine.Port{} // no port has such a number
	}
	p := engine.Port{Host: int(number)}
	if i := pattern.SubexpIndex("proto"); i >= 0 {
		p.HostIP, p.Protocol = strings.Trim(m[pattern.SubexpIndex("ip")], "[]"), m[i]
	}
	return p
}
