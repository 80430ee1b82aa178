package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"reconciler/reconcile"
)

// happen records a warning about the service.
func (w *world) happen(service, message string) {
	w.history.Record(reconcile.Event{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Kind: reconcile.KindWarning, Project: "shop", Service: service, Message: message})
}

// told are the messages of a list, in order.
func told(list eventList) string {
	var all []string
	for _, e := range list.Events {
		all = append(all, e.Message)
	}
	return strings.Join(all, " ")
}

func TestEventsAreListed(t *testing.T) {
	for _, c := range []struct {
		query, header string
		code          int
		want          string
	}{
		{"", "", 200, "1 2 3"},
		{"?service=web", "", 200, "1 3"},
		{"?service=migrate", "", 200, ""},
		{"?last_event_id=boot-1", "", 200, "2 3"},
		{"?last_event_id=boot-3", "", 200, ""},
		{"?last_event_id=boot-1", "boot-2", 200, "3"},
		{"?last_event_id=other-2", "", 200, "1 2 3"},
		{"", "boot-99999999999999999999", 200, "1 2 3"},
		{"", "boot-1\x01", 200, "1 2 3"},
		{"?service=web&last_event_id=boot-1", "", 200, "3"},
		{"?service=wbe", "", 404, `did you mean "web"`},
		{"?service=", "", 404, `""`},
		{"?service=%1b%5b2J%e2%80%ae", "", 404, `"\x1b[2J\u202e"`},
		{"?service=web&service=db", "", 400, "twice"},
		{"?since=1", "", 400, "since"},
	} {
		w := newWorld(t)
		w.happen("web", "1")
		w.happen("db", "2")
		w.happen("web", "3")
		answer := w.ask("GET", "/v1/events"+c.query, "", "Accept", "application/json", "Last-Event-ID", c.header)
		if answer.Code != c.code {
			t.Errorf("%s: %d %s", c.query, answer.Code, answer.Body)
			continue
		}
		if c.code != 200 {
			if p := problemOf(t, answer); !strings.Contains(p.Detail, c.want) {
				t.Errorf("%s: %s", c.query, p.Detail)
			}
			continue
		}
		var list eventList
		if err := json.Unmarshal(answer.Body.Bytes(), &list); err != nil || list.Events == nil || told(list) != c.want {
			t.Errorf("%s after %q: %v: %s, not %q", c.query, c.header, err, answer.Body, c.want)
		}
	}
}

// watcher is a client of the stream of events.
type watcher struct {
	conn   net.Conn
	answer *http.Response
	from   *bufio.Reader
}

// watch asks for the stream.
func watch(t *testing.T, conn net.Conn, query, header string) *watcher {
	t.Helper()
	if _, err := fmt.Fprintf(conn, "GET /v1/events%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", query, header); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &watcher{conn, answer, bufio.NewReader(answer.Body)}
}

// next returns the next frame, without the empty line that ends it.
func (c *watcher) next(t *testing.T) string {
	t.Helper()
	var frame strings.Builder
	for {
		line, err := c.from.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended after %q: %v", frame.String(), err)
		}
		if line == "\n" {
			return frame.String()
		}
		frame.WriteString(line)
	}
}

// expect fails unless the next frames are those.
func (c *watcher) expect(t *testing.T, frames ...string) {
	t.Helper()
	for _, want := range frames {
		if got := c.next(t); got != want {
			t.Fatalf("it is told:\n%s\nnot:\n%s", got, want)
		}
	}
}

const pinged = ": ping\n"

// warned is the frame of a warning that happened.
func warned(n int, service, message string) string {
	return fmt.Sprintf("id: boot-%d\nevent: warning\ndata: {\"id\":\"boot-%[1]d\",\"time\":\"2026-01-02T03:04:05Z\",\"kind\":\"warning\",\"project\":\"shop\",\"service\":%q,\"message\":%q}\n", n, service, message)
}

const missed = "event: gap\ndata: {\"kind\":\"gap\"}\n"

func TestEventsAreToldAsTheyHappen(t *testing.T) {
	for _, c := range []struct {
		name, query, header string
		want                []string // what is told of 12 events that happened before, and one of each service after
	}{
		{"from now on", "", "", []string{warned(13, "web", "later"), warned(14, "db", "later")}},
		{"of one service", "?service=db", "", []string{warned(14, "db", "later")}},
		{"after one that is kept", "?last_event_id=boot-11", "", []string{warned(12, "web", "12"), warned(13, "web", "later")}},
		{"after one that is kept, by the header", "?last_event_id=boot-2", "Last-Event-ID: boot-12\r\n", []string{warned(13, "web", "later")}},
		{"after one that is just kept", "?service=db", "Last-Event-ID: boot-4\r\n", []string{warned(14, "db", "later")}},
		{"after one that is kept no longer", "", "Last-Event-ID: boot-3\r\n", []string{missed, warned(5, "web", "5"), warned(6, "web", "6")}},
		{"after one of another run", "?service=db", "Last-Event-ID: before-12\r\n", []string{missed, warned(14, "db", "later")}},
		{"after nonsense", "", "Last-Event-ID: \xffboot--1\r\n", []string{missed, warned(5, "web", "5")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				for i := range 12 {
					w.happen("web", fmt.Sprint(i+1)) // 8 of them are kept
				}
				l, stop := serving(w)
				client := watch(t, l.dial(), c.query, c.header)
				if kind := client.answer.Header.Get("Content-Type"); client.answer.StatusCode != http.StatusOK || kind != typeEvents {
					t.Fatalf("%d %s", client.answer.StatusCode, kind)
				}
				client.expect(t, pinged)
				synctest.Wait()
				w.happen("web", "later")
				w.happen("db", "later")
				client.expect(t, c.want...)
				go func() { _, _ = io.Copy(io.Discard, client.from) }() // a pipe has no buffer
				if err := stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestAStreamWithoutEventsAfterAGapGoesOnFromThere: or the gap would be told
// anew each time that the client comes back.
func TestAStreamWithoutEventsAfterAGapGoesOnFromThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		l, stop := serving(w)
		client := watch(t, l.dial(), "", "Last-Event-ID: before-12\r\n")
		client.expect(t, pinged, "id: boot-0\n"+missed)
		w.happen("web", "later")
		client.expect(t, warned(1, "web", "later"))
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestAQuietStreamPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := serving(newWorld(t))
		client := watch(t, l.dial(), "", "")
		client.expect(t, pinged)
		for began, i := time.Now(), 1; i < 100; i++ {
			client.expect(t, pinged)
			if at := time.Since(began); at != time.Duration(i)*pingEvery {
				t.Fatalf("ping %d came after %s", i, at)
			}
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestStreamsAreBounded, and who goes makes room.
func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := serving(newWorld(t))
		var clients []*watcher
		for range maxStreams {
			c := watch(t, l.dial(), "", "")
			c.expect(t, pinged)
			clients = append(clients, c)
		}
		late := watch(t, l.dial(), "", "")
		body, _ := io.ReadAll(late.answer.Body)
		if late.answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), `"too_many_streams"`) {
			t.Errorf("one more than there may be: %d %s", late.answer.StatusCode, body)
		}
		list := watch(t, l.dial(), "", "Accept: application/json\r\n")
		if list.answer.StatusCode != http.StatusOK {
			t.Errorf("a list is no stream, and yet: %d", list.answer.StatusCode)
		}
		_, _ = io.Copy(io.Discard, list.answer.Body)
		_ = clients[0].conn.Close()
		synctest.Wait()
		watch(t, l.dial(), "", "").expect(t, pinged)
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestWhoDoesNotReadHoldsNobody: neither who records, nor his place for ever.
func TestWhoDoesNotReadHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		l, stop := serving(w)
		client := watch(t, l.dial(), "", "")
		client.expect(t, pinged)
		began := time.Now()
		for i := range 1000 {
			w.happen("web", fmt.Sprint(i))
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("recording took %s", took)
		}
		<-time.After(writeTimeout + time.Second)
		w.mu.Lock()
		if n := w.labels["/v1/events GET OK"]; n != 1 {
			t.Errorf("%d streams have ended", n)
		}
		w.mu.Unlock()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestTheEndEndsStreams at once, and leaves no goroutine behind.
func TestTheEndEndsStreams(t *testing.T) {
	before := goleak.IgnoreCurrent()
	w := newWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, New(w.options), &Entrance{Listener: l, Door: open}) }()
	var clients []*watcher
	for range 3 {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c := watch(t, conn, "", "")
		c.expect(t, pinged)
		clients = append(clients, c)
	}
	go func() {
		for range 8 { // as many as are kept
			w.happen("web", "x")
		}
	}()
	for _, c := range clients {
		c.expect(t, warned(1, "web", "x"))
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, c := range clients {
		if _, err := io.Copy(io.Discard, c.from); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the stream ended with %v", err)
		}
		_ = c.conn.Close()
	}
	goleak.VerifyNone(t, before)
}
