package api

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
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

// TestARequestUnderWayIsNotHungUpOn: a stream and an answer that is waited for
// stay, however many come.
func TestARequestUnderWayIsNotHungUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := serving(newWorld(t))
		stream := watch(t, l.dial(), "", "")
		read := make(chan int)
		go func() { // all the time, for a pipe holds nothing
			all, _ := io.ReadAll(stream.from)
			read <- strings.Count(string(all), pinged)
		}()
		wait := l.dial()
		if _, err := io.WriteString(wait, "PUT /v1/services/web/state?wait=2m HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\n\r\nstopped"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range 1000 {
			l.dial()
			synctest.Wait()
		}
		answer, err := http.ReadResponse(bufio.NewReader(wait), nil)
		if err != nil || answer.StatusCode != http.StatusAccepted || time.Since(began) != 2*time.Minute {
			t.Errorf("%v, %v after %s", answer, err, time.Since(began))
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if pings := <-read; pings < 8 {
			t.Errorf("the stream ended after %d pings", pings)
		}
	})
}

// TestWhatAConnectionIsAtIsNoted: where the door is full an idle one goes, and
// not the older ones that have not spoken yet or speak again.
func TestWhatAConnectionIsAtIsNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := serving(newWorld(t))
		ask := func(c net.Conn) {
			t.Helper()
			if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			answered(t, c)
			synctest.Wait()
		}
		silent, again := l.dial(), l.dial()
		ask(again)
		if _, err := io.WriteString(again, "GET /healthz HT"); err != nil {
			t.Fatal(err)
		}
		first := l.dial()
		ask(first)
		for range maxConnections - 3 {
			<-time.After(time.Millisecond) // of the bubble's clock, so that the first is the oldest
			ask(l.dial())
		}
		ask(l.dial())
		if _, err := first.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the oldest idle one is still there: %v", err)
		}
		if _, err := io.WriteString(again, "TP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Errorf("who speaks again was hung up on: %v", err)
		}
		answered(t, again)
		ask(silent)
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestWhereAllAreAnsweredTheNextOneWaits, and comes in when one has gone.
func TestWhereAllAreAnsweredTheNextOneWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &pipes{dialled: make(chan net.Conn), closed: make(chan struct{})}
		door := limited(l, limits{most: 1, each: 1}, func(string) {})
		came := make(chan net.Conn)
		go func() {
			for {
				c, err := door.Accept()
				if err != nil {
					close(came)
					return
				}
				came <- c
			}
		}()
		l.dial()
		first := (<-came).(*connection)
		first.become(working, unheard)
		l.dial()
		synctest.Wait()
		select {
		case <-came:
			t.Fatal("it came in")
		default:
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		second := (<-came).(*connection)
		second.become(working, unheard)
		l.dial()
		synctest.Wait()
		if err := door.Close(); err != nil { // while one waits
			t.Fatal(err)
		}
		if c, more := <-came; more {
			t.Errorf("%v came in by a closed door", c)
		}
	})
}

// exhausted is a listener that has no descriptor for the second connection but
// after one was closed.
type exhausted struct {
	*pipes
	failed bool
}

func (l *exhausted) Accept() (net.Conn, error) {
	c, err := l.pipes.Accept()
	if err == nil && !l.failed {
		l.failed = true
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return c, err
}

// TestWithoutDescriptorsOneIsHungUpOn, rather than that nobody comes in.
func TestWithoutDescriptorsOneIsHungUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		l := &exhausted{pipes: &pipes{dialled: make(chan net.Conn, 1), closed: make(chan struct{})}, failed: true}
		door := limited(l, limits{most: 9, each: 9}, func(text string) { told = append(told, text) })
		idler := l.dial()
		if _, err := door.Accept(); err != nil {
			t.Fatal(err)
		}
		<-time.After(ourTurn) // of the bubble's clock
		l.failed = false
		l.dial()
		go l.dial() // the one that is there by then
		if _, err := door.Accept(); err != nil {
			t.Fatal(err)
		}
		if _, err := idler.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("it is still there: %v", err)
		}
		if len(told) != 1 || !strings.Contains(told[0], "127.0.0.1") {
			t.Errorf("told: %q", told)
		}
		door.held[0].become(working, unheard)
		l.failed = false
		l.dial()
		if _, err := door.Accept(); err == nil {
			t.Error("with nobody to hang up on it isn't told")
		}
	})
}

// TestThatADoorIsFullIsToldOnceAMinute, with how many had to go.
func TestThatADoorIsFullIsToldOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		l := &pipes{dialled: make(chan net.Conn, 1), closed: make(chan struct{})}
		door := limited(l, limits{most: 2, each: 2}, func(text string) { told = append(told, text) })
		for range 62 {
			l.dial()
			if _, err := door.Accept(); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Second) // of the bubble's clock
		}
		if len(told) != 1 || !strings.Contains(told[0], "from this host; 1 so far") {
			t.Errorf("told: %q", told)
		}
		l.dial()
		if _, err := door.Accept(); err != nil {
			t.Fatal(err)
		}
		if len(told) != 2 || !strings.Contains(told[1], "; 60 so far") {
			t.Errorf("told: %q", told)
		}
	})
}

// TestWhoMayNothingDoesNotKeepTheConnection, whatever is answered.
func TestWhoMayNothingDoesNotKeepTheConnection(t *testing.T) {
	w := guarded(t, guardedDoor)
	for target, code := range map[string]int{"/healthz": 200, "/login": 200, "/style.css": 200, "/v1/state": 401, "/": 401} {
		if answer := w.ask("GET", target, ""); answer.Code != code || answer.Header().Get("Connection") != "close" {
			t.Errorf("%s: %d, Connection: %q", target, answer.Code, answer.Header().Get("Connection"))
		}
	}
	for _, c := range []struct{ target, kept string }{{"/healthz", ""}, {"/v1/state", ""}, {"/v1/services/web/logs", "close"}} {
		if answer := w.ask("GET", c.target, "", "Authorization", "Bearer "+secretOf(Read)); answer.Header().Get("Connection") != c.kept {
			t.Errorf("%s with a token: %d, Connection: %q", c.target, answer.Code, answer.Header().Get("Connection"))
		}
	}
}
