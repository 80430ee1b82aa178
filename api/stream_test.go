package api

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// streamed serves a handler that streams, on pipes, with the door's limits.
func streamed(w *world, handle func(*stream)) (l *pipes, stop func() error) {
	l = &pipes{dialled: make(chan net.Conn), closed: make(chan struct{})}
	s := newServer(w.options)
	ctx, cancel := context.WithCancel(context.Background())
	server := (&API{s}).serverOf(ctx, open, nil)
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(s.streaming(w, r)) })
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	return l, func() error {
		cancel()
		err := server.Close()
		<-ended
		return err
	}
}

// TestAStreamOutlivesTheTimeouts as long as somebody reads it.
func TestAStreamOutlivesTheTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pause, times = 25 * time.Second, 8
		l, stop := streamed(newWorld(t), func(s *stream) {
			for range times {
				<-time.After(pause)
				if _, err := io.WriteString(s, "x\n"); err != nil {
					t.Error(err)
				}
			}
		})
		c := l.dial()
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != pause {
			t.Errorf("the first line came after %s", took)
		}
		all, err := io.ReadAll(answer.Body)
		if err != nil || len(all) != 2*times {
			t.Errorf("%q, %v", all, err)
		}
		_ = c.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestAStreamThatNobodyReadsIsCutOff.
func TestAStreamThatNobodyReadsIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var took time.Duration
		cut := make(chan error, 1)
		l, stop := streamed(newWorld(t), func(s *stream) {
			began := time.Now()
			_, err := io.WriteString(s, "x\n")
			took = time.Since(began)
			cut <- err
		})
		c := l.dial()
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if err := <-cut; err == nil || took != writeTimeout {
			t.Errorf("after %s: %v", took, err)
		}
		_ = c.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestAStreamEndsWithItsToken, or its session, or its role.
func TestAStreamEndsWithItsToken(t *testing.T) {
	for name, revoke := range map[string]func(t *testing.T, s *server, c *http.Cookie){
		"the token is gone": func(t *testing.T, s *server, _ *http.Cookie) { writeFile(t, s.opt.Tokens.path, "# nobody\n") },
		"it may less": func(t *testing.T, s *server, _ *http.Cookie) {
			writeFile(t, s.opt.Tokens.path, tokenLine("panel", Read, secretOf(Flip)))
		},
		"the file is broken": func(t *testing.T, s *server, _ *http.Cookie) { writeFile(t, s.opt.Tokens.path, "x\n") },
		"the session ended":  func(_ *testing.T, s *server, c *http.Cookie) { s.sessions.end(c.Value) },
	} {
		w := newWorld(t)
		w.options.Tokens = tokensOf(t)
		s := newServer(w.options)
		holder := mustFind(t, s.opt.Tokens, Flip)
		c := sessionCookie(false, s.sessions.begin(holder), 1)
		v := visitor{role: Flip, token: holder, session: true}
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(c)
		answer := httptest.NewRecorder()
		stream := s.streaming(answer, v.enter(r))
		if _, err := io.WriteString(stream, "one"); err != nil {
			t.Errorf("%s: before: %v", name, err)
		}
		revoke(t, s, c)
		if err := s.opt.Tokens.Reload(); err != nil && name != "the file is broken" {
			t.Fatal(err)
		}
		if _, err := io.WriteString(stream, "two"); !errors.Is(err, errRevoked) || answer.Body.String() != "one" {
			t.Errorf("%s: %v, %q", name, err, answer.Body)
		}
	}
}

// TestAStreamByTheDoorGoesOn: there is no token that could go.
func TestAStreamByTheDoorGoesOn(t *testing.T) {
	s := newServer(newWorld(t).options)
	answer := httptest.NewRecorder()
	stream := s.streaming(answer, visitor{role: Flip}.enter(httptest.NewRequest("GET", "/", nil)))
	if _, err := io.WriteString(stream, "one"); err != nil || answer.Body.String() != "one" || !answer.Flushed {
		t.Errorf("%v, %q", err, answer.Body)
	}
}
