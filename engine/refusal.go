package engine

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"reconciler/desired"
)

// Refused says what an engine could not do when it refused to start a
// container, as far as its words tell. The zero value is RefusedOther.
type Refused string

// What a start is refused for, a closed set. What Refusal.Subject is stands
// behind each.
const (
	RefusedOther         Refused = ""                       // nothing; only the words tell
	PortTaken            Refused = "port taken"             // nothing: Refusal.Port
	PathMissing          Refused = "path missing"           // the path of the host
	NetworkMissing       Refused = "network missing"        // its name or ID
	ImageMissing         Refused = "image missing"          // its name or ID
	CommandNotFound      Refused = "command not found"      // the command
	CommandNotExecutable Refused = "command not executable" // the command
	NamespaceGone        Refused = "namespace gone"         // the ID of the container that was to share its namespace
	NamespaceDown        Refused = "namespace not there"    // the ID or name of that container, which doesn't run
)

// Refusals is the closed set of Refused.
func Refusals() []Refused {
	return []Refused{
		RefusedOther, PortTaken, PathMissing, NetworkMissing, ImageMissing, CommandNotFound, CommandNotExecutable,
		NamespaceGone, NamespaceDown,
	}
}

// Refusal is the error of a Start or Restart that the engine refused for a
// reason of the container's: it is ErrInvalid (errors.Is), and found by
// errors.As. It is a value; nobody changes one that was returned.
type Refusal struct {
	Kind    Refused
	Subject string
	// Port is the one that is taken. An empty Protocol or HostIP is one that
	// the engine doesn't tell.
	Port  Port
	Words string // the engine's: one line, at most MaxWords bytes, never empty
	Err   error  // what the words are from; nil: nothing else
}

// MaxWords bounds what is told of an engine's own words, and MaxError what is
// kept of them.
const (
	MaxWords = 300
	MaxError = 4 << 10
)

// Error implements error: the engine's own words.
func (r *Refusal) Error() string { return ErrInvalid.Error() + ": " + r.Words }

// Unwrap lets errors.Is find ErrInvalid, and what the engine's client said.
func (r *Refusal) Unwrap() []error {
	if r.Err == nil {
		return []error{ErrInvalid}
	}
	return []error{ErrInvalid, r.Err}
}

// Excerpt is a text of somebody else's on one line, desired.Harmless, at most
// MaxWords bytes long: what is longer loses its end, and says so by "…".
func Excerpt(text string) string {
	text = strings.Join(strings.Fields(desired.Harmless(strings.ToValidUTF8(text, "?"))), " ")
	return Cut(text, MaxWords)
}

// Cut is a text of somebody else's, at most that many bytes long: what is longer
// loses its end, and says so by "…".
func Cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len("…")], "") + "…"
}

// Holder is who has a port of the host. The zero value is somebody who can't be
// named: a process of the host, or of another.
type Holder struct {
	Container string // its name; empty: it is no container that publishes it
	Project   string // the Compose project of Container; empty: none
	Process   string // the name of a process of the host; empty: unknown
	PID       int    // of Process
}

// Overlaps reports whether two processes can't have both ports at a time: the
// same number and protocol, and an address that is both's. An empty HostIP is
// all addresses, 0.0.0.0 those of IPv4, :: those of IPv6; an empty Protocol is
// any. A Host of 0 is any port that is free, and overlaps none.
func (p Port) Overlaps(q Port) bool {
	if p.Host == 0 || p.Host != q.Host || p.Protocol != q.Protocol && p.Protocol != "" && q.Protocol != "" {
		return false
	}
	if p.HostIP == "" || q.HostIP == "" || p.HostIP == q.HostIP {
		return true
	}
	a, errA := netip.ParseAddr(p.HostIP)
	b, errB := netip.ParseAddr(q.HostIP)
	if errA != nil || errB != nil {
		return false
	}
	a, b = a.Unmap().WithZone(""), b.Unmap().WithZone("")
	return a == b || a.Is4() == b.Is4() && (a.IsUnspecified() || b.IsUnspecified())
}

// String is "8080/tcp", with the address if it is a single one.
func (p Port) String() string {
	name := strconv.Itoa(p.Host)
	if p.Protocol != "" {
		name += "/" + p.Protocol
	}
	switch p.HostIP {
	case "", "0.0.0.0", "::":
		return name
	}
	return name + " of " + p.HostIP
}

var wholeID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// ShortID is an ID as Docker's own tools print it, and a name as it is.
func ShortID(ref string) string {
	if wholeID.MatchString(ref) {
		return ref[:12]
	}
	return ref
}
