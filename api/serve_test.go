package api

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTwoCannotHaveOneAddress(t *testing.T) {
	first, err := Listen(open)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	address := first.Addr().String()
	second, err := Listen(Door{Address: address, Grants: Admin})
	if err == nil {
		second.Close()
		t.Fatal("it was opened twice")
	}
	if !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), "another address") {
		t.Errorf("the error helps nobody: %v", err)
	}
}

func TestADoorWithoutTokensIsForThisHostOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		l, err := Listen(Door{Address: address, Grants: Read})
		if err == nil {
			l.Close()
			t.Errorf("%s was opened", address)
			continue
		}
		if !strings.Contains(err.Error(), "loopback") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// pipes is a listener of connections that a bubble's clock governs.
type pipes struct {
	dialled chan net.Conn
	closed  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.dialled:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p *pipes) dial() net.Conn {
	theirs, ours := net.Pipe()
	p.dialled <- theirs
	return ours
}

// serving serves a world on pipes; stop ends it and returns what Serve did.
func serving(w *world) (l *pipes, stop func() error) {
	l = &pipes{dialled: make(chan net.Conn), closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, New(w.options), &Entrance{Listener: l, Door: open}) }()
	return l, func() error { cancel(); return <-ended }
}

const patientStop = "POST /v1/services/web/stop?wait=2m HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"

// TestAWaitOutlivesTheTimeouts: reading may take 10 s and writing 30 s, but an
// answer that is waited for may take as long as was asked.
func TestAWaitOutlivesTheTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := serving(newWorld(t))
		c := l.dial()
		began := time.Now()
		if _, err := io.WriteString(c, patientStop); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); answer.StatusCode != http.StatusAccepted || took != 2*time.Minute {
			t.Errorf("answered with %d after %s", answer.StatusCode, took)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestWhoSpeaksTooSlowlyIsHungUpOn(t *testing.T) {
	for sent, want := range map[string]time.Duration{
		"":                                headerTimeout,
		"GET /v1/services HTTP/1.1\r\nHo": headerTimeout,
		"PUT /v1/state HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/yaml\r\nContent-Length: 9\r\n\r\nversion": readTimeout,
	} {
		synctest.Test(t, func(t *testing.T) {
			l, stop := serving(newWorld(t))
			c := l.dial()
			began := time.Now()
			if _, err := io.WriteString(c, sent); err != nil {
				t.Fatal(err)
			}
			heard, _ := io.ReadAll(c) // until it is hung up
			// net/http lingers half a second after an answer.
			if took := time.Since(began); took < want || took > want+time.Second || strings.Contains(string(heard), " 200 ") {
				t.Errorf("after %q it is hung up on after %s, not %s: %s", sent, took, want, heard)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTheEndAnswersWhoWaits: a request that waits for a service doesn't hold
// the end of the program, and is answered all the same.
func TestTheEndAnswersWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		l, stop := serving(w)
		c := l.dial()
		if _, err := io.WriteString(c, patientStop); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		code := make(chan int)
		go func() {
			answer, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Errorf("cut off: %v", err)
				code <- 0
				return
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			code <- answer.StatusCode
		}()
		ended := make(chan error)
		go func() { ended <- stop() }()
		if got := <-code; got != http.StatusAccepted {
			t.Errorf("answered with %d", got)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > drainTimeout {
			t.Errorf("the end took %s", took)
		}
		if s, _ := w.state.Snapshot().Document.Service("web"); s.State != "stopped" {
			t.Errorf("web is wanted %s", s.State)
		}
	})
}

func TestAListenerThatFailsEndsServing(t *testing.T) {
	broken, whole := &pipes{closed: make(chan struct{})}, &pipes{closed: make(chan struct{})}
	if err := broken.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Serve(t.Context(), New(newWorld(t).options), &Entrance{Listener: broken, Door: open}, &Entrance{Listener: whole, Door: open}); err == nil || !strings.Contains(err.Error(), "serve HTTP on 127.0.0.1") {
		t.Errorf("it ended with: %v", err)
	}
}
