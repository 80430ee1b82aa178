package api

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// answered reads an answer, which must be 200.
func answered(t *testing.T, c net.Conn) {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || answer.StatusCode != 200 {
		t.Fatalf("%v, %v", answer, err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
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
		var served []net.Conn
		for range 62 {
			l.dial()
			c, err := door.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if served = append(served, c); len(served) > 2 { // as net/http does with who was hung up on
				_ = served[len(served)-3].Close()
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
