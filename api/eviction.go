package api

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
	"time"
)

const (
	// shortIdle is how long a connection may be idle once its door is half full.
	shortIdle = 5 * time.Second
	// slowness is what it takes longer than to be slow: a connection that has
	// just come is given that long before one that did something is better.
	slowness = time.Second
	// ourTurn is how long a connection that waits for us is spared, such as for
	// our part of a handshake: under a rush nobody would come to an end else.
	ourTurn = 50 * time.Millisecond
)

// phase is what a connection is at.
type phase int

const (
	unheard phase = iota // no whole header was heard yet, or none of somebody who is let in
	idle                 // answered, and kept for the next request
	sending              // let in; the rest of the body is awaited
	working              // heard to its end, and being answered
)

// holding is what a connection is judged by. The zero value has said nothing.
type holding struct {
	address string // whose it is, as holderOf returns it
	phase   phase
	since   time.Time // when the phase began
	// writing is since when its reader keeps the answer waiting; zero: he doesn't.
	writing time.Time
	// turn is when it last came to be theirs to say something, or ours again.
	turn   time.Time
	theirs bool
}

// standing is where the connection stands among those that may have to go, the
// lowest rank first, and since when it has been like that. One whose request is
// being answered is spared, but while its reader doesn't read.
func (h holding) standing(now time.Time) (rank int, since time.Time, spared bool) {
	began, since := h.since, h.since
	if h.turn.After(since) {
		since = h.turn
	}
	switch {
	case h.phase == idle:
		return 0, h.since, false
	case h.phase == unheard:
		rank = 1
	case h.phase == sending:
		rank = 2
	case h.writing.IsZero():
		return 0, since, true
	default:
		rank, began, since = 3, h.writing, h.writing
	}
	if now.Sub(began) >= slowness {
		return rank, began, false
	}
	// Nobody can tell yet whether it is slow: the age decides.
	return 4, since, rank != 3 && !h.theirs && now.Sub(since) < ourTurn
}

// admission is what becomes of a connection that comes.
type admission int

const (
	enters  admission = iota
	waits             // until another has gone, or may go
	refused           // its address has enough
)

// limits are the most connections of a door, and those from each address that
// isn't of this host.
type limits struct{ most, each int }

// newcomer returns what becomes of one more connection from that address, and
// which of those held have to go for it: those idle for too long where the door
// is half full, and one where it, or the address, has all it may have.
func (l limits) newcomer(held []*connection, from string, now time.Time) (leave []*connection, becomes admission) {
	stay := slices.Clone(held)
	drop := func(c *connection) {
		leave = append(leave, c)
		stay = slices.DeleteFunc(stay, func(other *connection) bool { return other == c })
	}
	if 2*len(held) >= l.most {
		for _, c := range held {
			if c.phase == idle && now.Sub(c.since) >= shortIdle {
				drop(c)
			}
		}
	}
	if from != thisHost {
		var same []*connection
		for _, c := range stay {
			if c.address == from {
				same = append(same, c)
			}
		}
		if len(same) >= l.each {
			first := firstToGo(same, now)
			if first == nil {
				return leave, refused
			}
			drop(first)
		}
	}
	if len(stay) >= l.most {
		first := firstToGo(stay, now)
		if first == nil {
			return leave, waits
		}
		drop(first)
	}
	return leave, enters
}

// firstToGo returns which connection goes before all others; nil: all are spared.
// It is of the address that holds most of those that may go. Of that address the
// oldest idle one goes, then the oldest that says nothing, that doesn't end its
// body, that doesn't read; at last the oldest of those that are too young to tell.
func firstToGo(held []*connection, now time.Time) *connection {
	var may []*connection
	holds := make(map[string]int)
	for _, c := range held {
		if _, _, spared := c.standing(now); !spared {
			may = append(may, c)
			holds[c.address]++
		}
	}
	if len(may) == 0 {
		return nil
	}
	return slices.MinFunc(may, func(a, b *connection) int {
		ranka, sincea, _ := a.standing(now)
		rankb, sinceb, _ := b.standing(now)
		return cmp.Or(cmp.Compare(holds[b.address], holds[a.address]), cmp.Compare(ranka, rankb), sincea.Compare(sinceb))
	})
}

// thisHost is the holder of all connections by which nobody comes from afar:
// loopback's and those of unix sockets.
const thisHost = "this host"

// holderOf is whose a connection from that address is: this host's, or that of
// who could guess from there.
func holderOf(remote net.Addr) string {
	at, err := netip.ParseAddrPort(remote.String())
	if err != nil || at.Addr().Unmap().IsLoopback() {
		return thisHost
	}
	return guesser(remote.String())
}
