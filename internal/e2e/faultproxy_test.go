package e2e

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// proxy stands before an engine at a socket of its own. Where a fault is set,
// that answers instead, and may ask the engine.
type proxy struct {
	address, socket string
	handler         http.Handler
	server          *http.Server // that listens now

	mu    sync.Mutex
	fault fault
	asked map[string]int // by method and path, without the version
}

// fault answers one call; engine is what answers without it.
type fault func(w http.ResponseWriter, r *http.Request, engine http.Handler)

// before puts a proxy before the engine at that socket; the test ends it.
func before(t *testing.T, engine string) *proxy {
	t.Helper()
	path := strings.TrimPrefix(engine, "unix://")
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}
	behind := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "engine"})
	behind.Transport, behind.FlushInterval = transport, -1
	behind.ErrorLog = log.New(io.Discard, "", 0) // a client that goes is no news

	p := &proxy{asked: map[string]int{}}
	dir, err := os.MkdirTemp("", "rp") // short, as a socket's path must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p.socket = filepath.Join(dir, "docker.sock")
	p.address = "unix://" + p.socket
	p.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		fault := p.fault
		p.asked[call(r)]++
		p.mu.Unlock()
		if fault != nil {
			fault(w, r, behind)
			return
		}
		behind.ServeHTTP(w, r)
	})
	p.listen(t)
	t.Cleanup(func() {
		p.hangUp()
		transport.CloseIdleConnections()
	})
	return p
}

// listen makes the socket, in the place of any other.
func (p *proxy) listen(t *testing.T) {
	t.Helper()
	_ = os.Remove(p.socket) // mostly there is none
	l, err := net.Listen("unix", p.socket)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // as an engine that is killed
	server := &http.Server{Handler: p.handler, ErrorLog: log.New(io.Discard, "", 0)}
	p.server = server
	go func() { _ = server.Serve(l) }() // until it is closed
}

// hangUp ends all connections; the socket stays, and nobody listens there.
func (p *proxy) hangUp() { _ = p.server.Close() }

// set makes it the fault from the next call on; nil: none.
func (p *proxy) set(f fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// count is how often that was asked so far: "GET containers/json".
func (p *proxy) count(what string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[what]
}

var version = regexp.MustCompile(`^/v1\.\d+/`)

// call is what is asked, in whatever version: "GET containers/4f5e…/json".
func call(r *http.Request) string {
	path := version.ReplaceAllString(r.URL.Path, "/")
	return r.Method + " " + strings.TrimPrefix(path, "/")
}

// on is the fault for just these calls.
func on(what string, f fault) fault {
	return func(w http.ResponseWriter, r *http.Request, engine http.Handler) {
		if strings.HasSuffix(call(r), what) {
			f(w, r, engine)
			return
		}
		engine.ServeHTTP(w, r)
	}
}

// held gives no answer until the caller goes.
func held(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }

// says answers with that status and body.
func says(status int, body string) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // who went doesn't mind
	}
}

// edited is the engine's answer with its body as edit makes it.
func edited(edit func(body string) string) fault {
	return func(w http.ResponseWriter, r *http.Request, engine http.Handler) {
		var body strings.Builder
		whole := &lines{ResponseWriter: w, edit: func(line string) string { body.WriteString(line); return "" }}
		engine.ServeHTTP(whole, r)
		_, _ = io.WriteString(w, edit(body.String()+whole.rest)) // who went doesn't mind
	}
}

func half(body string) string { return body[:len(body)/2] }

// brokenOff is half of the engine's answer, and then the end of the connection.
func brokenOff(w http.ResponseWriter, r *http.Request, engine http.Handler) {
	edited(half)(w, r, engine)
	_ = http.NewResponseController(w).Flush() // as above
	panic(http.ErrAbortHandler)
}

// streamed is an answer that doesn't end, each line of it as edit makes it, until
// the end is closed.
func streamed(end <-chan struct{}, edit func(line string) string) fault {
	return func(w http.ResponseWriter, r *http.Request, engine http.Handler) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		go func() {
			select {
			case <-end:
				cancel()
			case <-ctx.Done():
			}
		}()
		engine.ServeHTTP(&lines{ResponseWriter: w, edit: edit}, r.WithContext(ctx))
	}
}

// lines hands on an answer line by line, each as edit makes it; what has no end
// yet is the rest.
type lines struct {
	http.ResponseWriter
	edit func(line string) string
	rest string
}

func (l *lines) WriteHeader(status int) {
	l.Header().Del("Content-Length") // it may be another now
	l.ResponseWriter.WriteHeader(status)
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest += string(p)
	for {
		line, rest, whole := strings.Cut(l.rest, "\n")
		if !whole {
			return len(p), nil
		}
		l.rest = rest
		if _, err := io.WriteString(l.ResponseWriter, l.edit(line+"\n")); err != nil {
			return 0, err
		}
	}
}

// Unwrap lets the answer be flushed.
func (l *lines) Unwrap() http.ResponseWriter { return l.ResponseWriter }
