package api

import (
	"net/http"
	"sync"
)

// An answer may hold its connection while nothing happens: a stream, or one
// that is waited for. Of the connections of a door some are always left for
// everything else, such as to ask whether the program lives.
const (
	maxStreams = 32                 // events and followed logs together
	maxHeld    = maxConnections - 8 // streams, and what is waited for
)

// places are held by the answers that hold their connection, at all doors. The
// zero value has all free. It is safe for concurrent use.
type places struct {
	mu             sync.Mutex
	streams, waits int
	fewer          int // how many of maxHeld there are not, as the doors hold less
}

// within leaves room at doors that hold so many connections.
func (p *places) within(most int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fewer = max(p.fewer, maxHeld-(most-max(1, most/8)))
}

// stream takes a place for an answer without an end, or says that there is
// none; leave gives it back.
func (p *places) stream() (leave func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.streams >= maxStreams || p.streams+p.waits >= maxHeld-p.fewer {
		return nil, newProblem(http.StatusServiceUnavailable, "too_many_streams", "%d streams are open and %d answers are waited for; close one of them", p.streams, p.waits)
	}
	p.streams++
	return p.leaving(&p.streams), nil
}

// wait takes a place for an answer that is waited for; false: there is none,
// and leave does nothing.
func (p *places) wait() (leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.streams+p.waits >= maxHeld-p.fewer {
		return func() {}, false
	}
	p.waits++
	return p.leaving(&p.waits), true
}

func (p *places) leaving(from *int) func() {
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		*from--
	}
}
