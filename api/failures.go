package api

import (
	"net/netip"
	"sync"
	"time"
)

const (
	maxFailures    = 10 // within failureWindow, then guessing is told to wait
	failureWindow  = time.Minute
	maxRemembered  = 4096 // addresses
	networkOfGuess = 64   // bits of an IPv6 address that one guesser has to himself
)

// failures counts wrong credentials for each address. It is safe for
// concurrent use, and remembers a bounded number of addresses.
type failures struct {
	now func() time.Time

	mu   sync.Mutex
	from map[string]*guesses
}

type guesses struct {
	since time.Time
	count int
}

func newFailures(now func() time.Time) *failures {
	return &failures{now: now, from: make(map[string]*guesses)}
}

// count counts one more from that address, and returns how long it must wait;
// 0: it may try again.
func (f *failures) count(remote string) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, key := f.now(), guesser(remote)
	g := f.from[key]
	if g == nil || now.Sub(g.since) >= failureWindow {
		if g == nil && len(f.from) >= maxRemembered {
			f.forget(now)
		}
		g = &guesses{since: now}
		f.from[key] = g
	}
	g.count++
	if g.count <= maxFailures {
		return 0
	}
	return g.since.Add(failureWindow).Sub(now)
}

// forget drops what is over, or, where nothing is, what began first.
func (f *failures) forget(now time.Time) {
	oldest, any := "", false
	for key, g := range f.from {
		if now.Sub(g.since) >= failureWindow {
			delete(f.from, key)
			any = true
		} else if oldest == "" || g.since.Before(f.from[oldest].since) {
			oldest = key
		}
	}
	if !any {
		delete(f.from, oldest)
	}
}

// guesser is the host, or for IPv6 the network, that a remote address is of.
func guesser(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is6() {
		network, _ := ip.Prefix(networkOfGuess) // a length that fits
		return network.String()
	}
	return ip.String()
}
