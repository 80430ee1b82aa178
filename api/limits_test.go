package api

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
)

// hold makes a request on a connection of its own and keeps the connection.
func hold(t *testing.T, e *Entrance) net.Conn {
	t.Helper()
	c, err := net.Dial(e.Addr().Network(), e.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return c
}

func answered(t *testing.T, c net.Conn) {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || answer.StatusCode != 200 {
		t.Fatalf("%v, %v", answer, err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
}

// counted counts the connections that a listener has given away.
type counted struct {
	net.Listener
	taken chan struct{}
}

func (c counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.taken <- struct{}{}
	}
	return conn, err
}

// TestAFullDoorLetsTheNextInWhenOneGoes, and holds up no other door: the
// metrics are told while all of the API's connections are taken.
func TestAFullDoorLetsTheNextInWhenOneGoes(t *testing.T) {
	var entrances []*Entrance
	for _, d := range []Door{open, {Address: "127.0.0.1:0", Metrics: true}} {
		e, err := Listen(d)
		if err != nil {
			t.Fatal(err)
		}
		entrances = append(entrances, e)
	}
	taken := make(chan struct{}, 2*maxConnections)
	entrances[0].Listener = counted{entrances[0].Listener, taken}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, New(newWorld(t).options), entrances...) }()
	var held []net.Conn
	for range maxConnections {
		c := hold(t, entrances[0])
		answered(t, c)
		held = append(held, c)
	}
	next := hold(t, entrances[0])
	answered(t, hold(t, entrances[1]))
	if n := len(taken); n != maxConnections {
		t.Errorf("%d connections were taken, not %d", n, maxConnections)
	}
	if err := held[0].Close(); err != nil {
		t.Fatal(err)
	}
	answered(t, next)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
