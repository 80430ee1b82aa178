package api

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

const (
	maxFailures    = 10 // within failureWindow, then guessing is told to wait
	failureWindow  = time.Minute
	maxRemembered  = 4096 // addresses
	networkOfGuess = 64   // bits of an IPv6 address that one guesser has to himself

	// A wrong credential is answered the later the more there were within
	// failureWindow, from the second one on: twice as late each time.
	firstDelay   = 100 * time.Millisecond
	longestDelay = 2 * time.Second
	// The most answers that are delayed at once, and those to one address. A
	// wrong credential beyond them is answered at once, with 429.
	maxDelayed     = 64
	maxDelayedEach = 4
)

// failures counts wrong credentials for each address, and delays what is
// answered to them. It is safe for concurrent use, and remembers a bounded
// number of addresses.
type failures struct {
	now func() time.Time

	mu      sync.Mutex
	from    map[string]*guesses
	delayed map[string]int // the answers to each address
}

type guesses struct {
	since time.Time
	count int
}

func newFailures(now func() time.Time) *failures {
	return &failures{now: now, from: make(map[string]*guesses), delayed: make(map[string]int)}
}

// refuse counts one more wrong credential from that address and returns what to
// answer, once it is time to. Meanwhile the connection holds no place that
// others need: it is one of somebody who isn't let in.
func (f *failures) refuse(ctx context.Context, remote string) *problem {
	nth, wait := f.count(remote)
	began := f.now()
	switch {
	case !f.delay(ctx, guesser(remote), nth):
		return tooMany(max(wait, longestDelay))
	case wait > 0:
		return tooMany(max(wait-f.now().Sub(began), time.Second))
	}
	return unauthorized()
}

// delay returns when the nth wrong credential from an address is to be answered,
// or ctx has ended; at once, with false, where too many wait for that already.
func (f *failures) delay(ctx context.Context, from string, nth int) bool {
	if nth <= 1 {
		return true
	}
	if !f.take(from) {
		return false
	}
	defer f.leave(from)
	wait := longestDelay
	if doublings := nth - 2; doublings < 8 {
		wait = min(wait, firstDelay<<doublings)
	}
	over := time.NewTimer(wait)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
	}
	return true
}

// take takes a place among the delayed answers; false: there is none.
func (f *failures) take(from string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := 0
	for _, n := range f.delayed {
		all += n
	}
	if all >= maxDelayed || f.delayed[from] >= maxDelayedEach {
		return false
	}
	f.delayed[from]++
	return true
}

func (f *failures) leave(from string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.delayed[from]--; f.delayed[from] == 0 {
		delete(f.delayed, from)
	}
}

// count counts one more from that address, and returns which one it is within
// failureWindow, and how long the address must wait; 0: it may try again.
func (f *failures) count(remote string) (nth int, wait time.Duration) {
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
		return g.count, 0
	}
	return g.count, g.since.Add(failureWindow).Sub(now)
}

// forget drops what is over, or, where nothing is, what began first.
func (f *failures) forget(now time.Time) {
	oldest, dropped := "", false
	for key, g := range f.from {
		if now.Sub(g.since) >= failureWindow {
			delete(f.from, key)
			dropped = true
		} else if oldest == "" || g.since.Before(f.from[oldest].since) {
			oldest = key
		}
	}
	if !dropped {
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
