package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"
)

// connections are those of one door. Whoever comes is always accepted: where
// there is no room, somebody else is hung up on (eviction.go). Only while every
// connection is being answered does the next one wait. It is safe for concurrent
// use; nothing is read or written while mu is held.
type connections struct {
	net.Listener
	limits
	warn func(text string) // see Options.Warn

	mu     sync.Mutex
	held   []*connection
	closed bool
	// lingering are those that were hung up on and are still worked for: at
	// something that doesn't end with the connection, such as a file on a dead
	// disk.
	lingering int

	room chan struct{} // holds one: that somebody has gone or may go, or closed

	gone   int       // hung up on for want of room, and not told of
	toldAt time.Time // when that was told last
}

// tellAgain is how often a door tells at most that it is full.
const tellAgain = time.Minute

// limited returns the connections that come by the listener.
func limited(l net.Listener, most limits, warn func(string)) *connections {
	return &connections{Listener: l, limits: most, warn: warn, room: make(chan struct{}, 1)}
}

// Accept implements net.Listener. Where the process has no descriptor left for
// one more connection, one of those held goes.
func (c *connections) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			if (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)) && c.makeRoom() {
				continue
			}
			return nil, err
		}
		narrow(conn)
		if entered := c.enter(conn); entered != nil {
			return entered, nil
		}
	}
}

// Close implements net.Listener.
func (c *connections) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.signal()
	return c.Listener.Close()
}

// enter lets the connection in, and others go for it; nil: it was hung up on.
func (c *connections) enter(conn net.Conn) *connection {
	one := &connection{Conn: conn, of: c, holding: holding{address: holderOf(conn.RemoteAddr()), since: time.Now()}}
	c.mu.Lock()
	leave, becomes := c.newcomer(c.held, one.address, time.Now())
	for (becomes == waits || c.lingering >= c.most) && !c.closed {
		c.mu.Unlock()
		select {
		case <-c.room:
		case <-time.After(ourTurn): // some are spared for that long
		}
		c.mu.Lock()
		leave, becomes = c.newcomer(c.held, one.address, time.Now())
	}
	c.evict(leave...)
	full := len(c.held) >= c.most-1 || becomes == refused
	if becomes == enters {
		c.held = append(c.held, one)
	} else {
		leave = append(leave, one)
	}
	text := ""
	if full {
		text = c.tells(leave)
	}
	c.mu.Unlock()
	hangUp(leave, c.warn, text)
	if becomes != enters {
		return nil
	}
	return one
}

// makeRoom hangs up on the first that may go; false: there is none.
func (c *connections) makeRoom() bool {
	c.mu.Lock()
	first := firstToGo(c.held, time.Now())
	if first == nil {
		c.mu.Unlock()
		return false
	}
	c.evict(first)
	text := c.tells([]*connection{first})
	c.mu.Unlock()
	hangUp([]*connection{first}, c.warn, text)
	return true
}

// signal says that there may be room now.
func (c *connections) signal() {
	select {
	case c.room <- struct{}{}:
	default: // it is said already
	}
}

// hangUp closes the connections, which are held no more. Why they break is
// nobody's error.
func hangUp(leave []*connection, warn func(string), text string) {
	for _, one := range leave {
		_ = one.Conn.Close()
	}
	if text != "" {
		warn(text)
	}
}

// remove forgets the connections; c.mu is held.
func (c *connections) remove(leave ...*connection) {
	c.held = slices.DeleteFunc(c.held, func(one *connection) bool { return slices.Contains(leave, one) })
	c.signal()
}

// evict forgets the connections, which are to be hung up on; c.mu is held.
func (c *connections) evict(leave ...*connection) {
	for _, one := range leave {
		one.lingers = true
	}
	c.lingering += len(leave)
	c.remove(leave...)
}

// tells counts those that are hung up on for want of room, and returns what is
// to be told of it now; c.mu is held.
func (c *connections) tells(leave []*connection) string {
	c.gone += len(leave)
	now := time.Now()
	if len(leave) == 0 || !c.toldAt.IsZero() && now.Sub(c.toldAt) < tellAgain {
		return ""
	}
	text := fmt.Sprintf("the door at %s is full, with %d connections: it hangs up on those that are idle, silent or slow, the last one from %s; %d so far since this was told",
		c.Addr(), len(c.held), leave[len(leave)-1].address, c.gone)
	c.gone, c.toldAt = 0, now
	return text
}

// connection is one of those held.
type connection struct {
	net.Conn
	of      *connections
	holding      // guarded by of.mu
	lingers bool // the same: see connections.lingering
}

// become notes that the connection is at another phase now, if it was at one of
// those.
func (c *connection) become(now phase, from ...phase) {
	if c == nil { // the request came by no door
		return
	}
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	if c.phase != now && slices.Contains(from, c.phase) {
		c.phase, c.since = now, time.Now()
		c.of.signal()
	}
}

// Read implements net.Conn. What comes while the connection is idle begins the
// next request.
func (c *connection) Read(b []byte) (int, error) {
	c.turns(true)
	n, err := c.Conn.Read(b)
	c.turns(false)
	if n > 0 {
		c.become(unheard, idle)
	}
	return n, err
}

// turns notes whose turn it is to say something.
func (c *connection) turns(theirs bool) {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.theirs, c.turn = theirs, time.Now()
	c.of.signal()
}

// Write implements net.Conn.
func (c *connection) Write(b []byte) (int, error) {
	c.writes(time.Now())
	defer c.writes(time.Time{})
	return c.Conn.Write(b)
}

func (c *connection) writes(since time.Time) {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.writing = since
	c.of.signal()
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.of.mu.Lock()
	if c.lingers {
		c.lingers = false
		c.of.lingering--
	}
	c.of.remove(c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// below returns the connection that carries c, or nil.
func below(c net.Conn) *connection {
	if encrypted, ok := c.(*tls.Conn); ok {
		c = encrypted.NetConn()
	}
	one, _ := c.(*connection)
	return one
}

// connectionKey is where a request's context has its connection.
type connectionKey struct{}

func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, below(c))
}

// noteIdle is told of what net/http makes of its connections.
func noteIdle(c net.Conn, state http.ConnState) {
	if state == http.StateIdle {
		below(c).become(idle, unheard, sending, working)
	}
}

// letIn notes that whoever makes the request may make it: once the body is heard
// to its end, its connection is kept to the end of the answer. It returns the
// body to read instead.
func letIn(r *http.Request) io.ReadCloser {
	one, _ := r.Context().Value(connectionKey{}).(*connection)
	if r.ContentLength == 0 {
		one.become(working, unheard, idle)
		return r.Body
	}
	one.become(sending, unheard, idle)
	return &heardBody{r.Body, one}
}

// heardBody is a body whose end is noted.
type heardBody struct {
	io.ReadCloser
	by *connection
}

func (b *heardBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.by.become(working, sending)
	}
	return n, err
}
