package main

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"
)

// bad is a kind of connection that only holds its place: it says once, then drip
// each second, and reads or doesn't.
type bad struct {
	name, once, drip string
	reads, opens     bool // opens: it does that before any TLS
}

// kinds are those of a door.
func kinds(d door) []bad {
	get := func(target string) string {
		return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + d.authorization()
	}
	return []bad{
		{name: "silent", reads: true},
		{name: "idle", once: get("/healthz") + "\r\n", reads: true},
		{name: "slow header", once: get("/healthz") + "X: ", drip: "x", reads: true},
		{name: "slow body", once: d.edit + d.authorization() + "Content-Length: 999\r\n\r\n", drip: "x", reads: true},
		{name: "slow reader", once: strings.Repeat(get(d.long)+"\r\n", 64), drip: "\r"},
		{name: "half a handshake", once: string(d.hello), reads: true, opens: true},
	}
}

// hold keeps a connection of that kind at the door until ctx ends. Where it is
// hung up on, it comes again after a while.
func (b bad) hold(ctx context.Context, d door, again time.Duration) {
	for ; ctx.Err() == nil; pause(ctx, again) {
		if c, err := d.dial(ctx, !b.opens); err == nil {
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			b.sit(ctx, c)
			stop()
			_ = c.Close()
		}
	}
}

func (b bad) sit(ctx context.Context, c net.Conn) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		if b.reads {
			_, _ = io.Copy(io.Discard, c)
		} else {
			<-ctx.Done()
		}
	}()
	_, err := io.Copy(c, bytes.NewBufferString(b.once))
	for err == nil {
		select {
		case <-over:
			return
		case <-time.After(time.Second):
			_, err = io.WriteString(c, b.drip)
		}
	}
}

// pause takes about that long, so that not all do the same at the same moment.
func pause(ctx context.Context, about time.Duration) {
	select {
	case <-time.After(about/2 + rand.N(about+1)):
	case <-ctx.Done():
	}
}
