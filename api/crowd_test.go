package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// crowded is a served door that a test fills.
type crowded struct {
	*Entrance
	client *tls.Config // nil: it isn't encrypted
	bearer string      // a header, or nothing
}

// crowdedDoors serves a door of each kind, whose metrics are long.
func crowdedDoors(t *testing.T) map[string]crowded {
	t.Helper()
	w := newWorld(t)
	w.options.Tokens = tokensOf(t)
	chunk := bytes.Repeat([]byte("x"), 1<<20)
	w.options.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 16 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	f := newWebFolder(t)
	bearer := "Authorization: Bearer " + secretOf(Admin) + "\r\n"
	all := make(map[string]crowded)
	var entrances []*Entrance
	for name, d := range map[string]Door{
		"open": open, "tokens": {Address: "127.0.0.1:0"}, "TLS": {Address: "127.0.0.1:0", WebConfig: f.config(t, webConfig)},
		"unix": {Address: "unix:" + filepath.Join(t.TempDir(), "r.sock"), Grants: Flip}, "metrics": {Address: "127.0.0.1:0", Metrics: true},
	} {
		e, err := Listen(d)
		if err != nil {
			t.Fatal(err)
		}
		entrances = append(entrances, e)
		c := crowded{Entrance: e}
		if d.guarded() {
			c.bearer = bearer
		}
		if d.WebConfig != "" {
			c.client = f.client(nil).Transport.(*http.Transport).TLSClientConfig.Clone()
			c.client.ServerName = "localhost"
		}
		all[name] = c
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, New(w.options), entrances...) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return all
}

// come connects; raw: without TLS.
func (d crowded) come(t *testing.T, raw bool) net.Conn {
	t.Helper()
	c, err := net.Dial(d.Addr().Network(), d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second)) // a test that hangs tells nothing
	if b, ok := c.(interface{ SetReadBuffer(bytes int) error }); ok {
		_ = b.SetReadBuffer(4096) // so that little is long enough for who doesn't read
	}
	if d.client == nil || raw {
		return c
	}
	return tls.Client(c, d.client)
}

// hello is what a client of TLS says first.
func hello(t *testing.T) string {
	t.Helper()
	theirs, ours := net.Pipe()
	defer ours.Close()
	go func() { _ = tls.Client(theirs, &tls.Config{ServerName: "localhost"}).Handshake() }() // it is cut off
	said := make([]byte, 1<<16)
	n, err := ours.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	return string(said[:n])
}

// TestBesideAThousandUselessConnectionsOneIsAnswered, at each kind of door and
// beside each kind of connection. How soon, bench/crowd measures.
func TestBesideAThousandUselessConnectionsOneIsAnswered(t *testing.T) {
	doors := crowdedDoors(t)
	for name, d := range doors {
		ask := " HTTP/1.1\r\nHost: localhost\r\n" + d.bearer
		edit := "PUT /v1/state"
		if d.Door.Metrics {
			edit = "GET /metrics"
		}
		for kind, once := range map[string]string{
			"silent":           "",
			"idle":             "GET /healthz" + ask + "\r\n",
			"in its header":    "GET /healthz" + ask + "X: x",
			"in its body":      edit + ask + "Content-Type: application/yaml\r\nContent-Length: 999\r\n\r\nversion",
			"reading nothing":  "GET /metrics" + ask + "\r\n",
			"refused":          "GET /v1/nothing HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\n\r\n",
			"half a handshake": hello(t),
		} {
			raw := kind == "half a handshake"
			if raw && d.client == nil {
				continue
			}
			t.Run(name+"/"+kind, func(t *testing.T) {
				many := 1000
				if d.client != nil && !raw {
					many = 2 * maxConnections // handshakes cost, and more wouldn't be held either
				}
				for range many {
					// Whether it is still held doesn't matter: it has come.
					_, _ = io.WriteString(d.come(t, raw), once)
				}
				c := d.come(t, false)
				if _, err := io.WriteString(c, "GET /healthz"+ask+"\r\n"); err != nil {
					t.Fatal(err)
				}
				answered(t, c)
			})
		}
	}
}
