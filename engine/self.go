package engine

import "net/netip"

// Server is what can be seen from here of whoever answers at the engine's
// address: the engine, or something before it, which may be one of its
// containers. The zero value: nothing can be seen.
type Server struct {
	// Seen: its process could be looked at. Container is the ID of the container
	// that it runs in then; empty: it runs in none.
	Seen      bool
	Container string
	Socket    string         // the path of the unix socket; empty: it isn't one
	Address   netip.AddrPort // where the connection went; zero: it is a unix socket
}

// Self is what this process can see of the container in which it runs. The zero
// value: it runs in none.
type Self struct {
	ID string // the container's; empty: not known
	// Network is the ID of the container whose network namespace this process
	// is in: its own as a rule.
	Network string
	// Mounted is a path in the container at which, or above which, something was
	// mounted into it; empty: none is known.
	Mounted string
}
