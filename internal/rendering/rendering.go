// Package rendering makes large answers one at a time and keeps each once,
// packed, however many clients read it and however slowly. So what all of them
// hold together has a bound, which no number of clients moves.
//
// A Press never gives anybody an answer that was begun before he asked, unless
// whoever made it said that it still holds. Its methods may be called by any
// number of goroutines; it starts none.
package rendering

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// ErrBusy says that an answer could not be made within Patience, because others
// are being made, or read by clients that read slowly.
var ErrBusy = errors.New("too many large answers are being made or read")

// Patience is how long a client waits before it is told ErrBusy.
const Patience = 5 * time.Second

// RetryAfter is what such a client is told, in seconds.
const RetryAfter = 1

// Press makes answers. New returns one.
type Press struct {
	turn chan struct{} // held while an answer is made
	room *semaphore.Weighted
	size int64
	zip  *gzip.Writer // of whoever has the turn

	mu    sync.Mutex
	begun int64 // how many were begun
	kept  map[string]*Print
}

// New returns a Press whose finished answers take room bytes at most, packed,
// until the last of their readers has gone.
func New(room int64) *Press {
	zip, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is one
	}
	return &Press{turn: make(chan struct{}, 1), room: semaphore.NewWeighted(room), size: room, zip: zip, kept: make(map[string]*Print)}
}

// Order is an answer that is asked for.
type Order struct {
	// Key is the same for all who may share the answer; it must be of a small
	// closed set, for the newest answer of each is kept. Empty: it is for one
	// client alone.
	Key string
	// Write writes it. An error is that of Make.
	Write func(w io.Writer) (Made, error)
}

// Made is what whoever wrote an answer says of it.
type Made struct {
	// Still reports whether the answer may be given to somebody who asks when
	// Still is called; nil: it may not.
	Still func() bool
	// Tag is the answer's ETag; empty: it has none.
	Tag string
}

// Print is a finished answer. Its bytes don't change. Close must be called when
// it has been read.
type Print struct {
	press  *Press
	packed []byte // gzip
	size   int64  // unpacked
	number int64  // of the answers that were begun
	made   Made

	readers int   // with the place in kept; under press.mu
	room    int64 // that it takes
}

// Make returns the answer, once it is the client's turn. Errors: ErrBusy, that
// of ctx when the client has gone, that of Write.
func (p *Press) Make(ctx context.Context, o Order) (*Print, error) {
	done, asked := p.find(o.Key, -1)
	if done != nil {
		return done, nil
	}
	waiting, cancel := context.WithTimeoutCause(ctx, Patience, ErrBusy)
	defer cancel()
	select {
	case p.turn <- struct{}{}:
	default:
		select {
		case p.turn <- struct{}{}:
		case <-waiting.Done():
			return nil, context.Cause(waiting)
		}
	}
	defer func() { <-p.turn }()
	if done, _ := p.find(o.Key, asked); done != nil { // made while we waited
		return done, nil
	}
	return p.print(waiting, o)
}

// find returns the kept answer of that key if it may be given to whoever asked
// when so many were begun; -1: to whoever asks now. It also returns how many
// were begun so far.
func (p *Press) find(key string, asked int64) (*Print, int64) {
	p.mu.Lock()
	n := p.kept[key]
	if n != nil {
		n.readers++
	}
	begun := p.begun
	p.mu.Unlock()
	switch {
	case n == nil:
		return nil, begun
	case asked >= 0 && n.number > asked, n.made.Still != nil && n.made.Still():
		return n, begun
	}
	n.Close()
	return nil, begun
}

// print makes the answer; the caller has the turn.
func (p *Press) print(ctx context.Context, o Order) (*Print, error) {
	p.mu.Lock()
	p.begun++
	n := &Print{press: p, number: p.begun, readers: 1}
	p.mu.Unlock()
	var packed bytes.Buffer
	p.zip.Reset(&packed)
	defer p.zip.Reset(io.Discard) // else it keeps the bytes until the next one
	sized := counter{to: p.zip}
	var err error
	if n.made, err = o.Write(&sized); err == nil {
		err = p.zip.Close()
	}
	if err != nil {
		return nil, err
	}
	n.packed, n.size = bytes.Clone(packed.Bytes()), sized.n
	n.room = min(int64(len(n.packed)), p.size)
	if !p.room.TryAcquire(n.room) {
		p.forget() // what nobody reads any more
		if err := p.room.Acquire(ctx, n.room); err != nil {
			return nil, context.Cause(ctx)
		}
	}
	if o.Key != "" {
		p.keep(o.Key, n)
	}
	return n, nil
}

// keep keeps the answer instead of the one before it.
func (p *Press) keep(key string, n *Print) {
	p.mu.Lock()
	before := p.kept[key]
	p.kept[key], n.readers = n, n.readers+1
	p.mu.Unlock()
	if before != nil {
		before.Close()
	}
}

// forget gives up all that is kept, but for those who read it.
func (p *Press) forget() {
	p.mu.Lock()
	kept := p.kept
	p.kept = make(map[string]*Print)
	p.mu.Unlock()
	for _, n := range kept {
		n.Close()
	}
}

// Close ends the reading.
func (n *Print) Close() {
	n.press.mu.Lock()
	n.readers--
	last := n.readers == 0
	n.press.mu.Unlock()
	if last {
		n.press.room.Release(n.room)
	}
}

// Size is how many bytes the answer has.
func (n *Print) Size() int64 { return n.size }

// WriteTo implements io.WriterTo. It unpacks the answer a piece at a time.
func (n *Print) WriteTo(w io.Writer) (int64, error) {
	plain, err := gzip.NewReader(bytes.NewReader(n.packed))
	if err != nil {
		return 0, err
	}
	return io.Copy(w, plain)
}

// counter counts what passes.
type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.n += int64(n)
	return n, err
}
