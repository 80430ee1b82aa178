package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// said is what a fake server answers; status 0 is 200.
type said struct {
	status int
	body   string
}

// fake answers each request with what the script says of METHOD PATH?QUERY,
// and writes down what was asked, with the body.
type fake struct {
	script map[string]said
	mu     sync.Mutex
	asked  []string
	seen   []http.Header
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, err := body.ReadFrom(r.Body)
	line := r.Method + " " + r.URL.String()
	f.mu.Lock()
	f.asked = append(f.asked, strings.TrimSpace(line+" "+body.String()))
	f.seen = append(f.seen, r.Header)
	f.mu.Unlock()
	answer, known := f.script[line]
	if !known || err != nil {
		http.Error(w, "not in the script: "+line, http.StatusTeapot)
		return
	}
	if answer.status != 0 {
		w.WriteHeader(answer.status)
	}
	_, _ = w.Write([]byte(answer.body)) // a client that went away is what some tests are about
}

// requests are those that came, sorted, since some are made at once.
func (f *fake) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(slices.Values(f.asked))
}

// onTCP serves it at the URL that it returns.
func (f *fake) onTCP(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return server.URL
}

// onSocket serves it at the --server that it returns.
func (f *fake) onSocket(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: f}}
	server.Start()
	t.Cleanup(server.Close)
	return "unix:" + path
}

// exchange is one command, what it asks for, and what it prints.
type exchange struct {
	name   string
	args   string // split at blanks
	script map[string]said
	asked  []string // sorted
	code   int
	stdout string
	stderr string
}

// converse plays each exchange, on TCP and on a socket.
func converse(t *testing.T, all []exchange) {
	t.Helper()
	for _, e := range all {
		t.Run(e.name, func(t *testing.T) {
			for _, door := range []func(*fake, *testing.T) string{(*fake).onTCP, (*fake).onSocket} {
				f := &fake{script: e.script}
				code, out, errs := call(t, append(strings.Fields(e.args), "--server", door(f, t))...)
				if code != e.code || out != e.stdout || errs != e.stderr {
					t.Errorf("exit %d, stdout %q, stderr %q\nwant %d, %q, %q", code, out, errs, e.code, e.stdout, e.stderr)
				}
				if got := f.requests(); !slices.Equal(got, e.asked) {
					t.Errorf("asked for\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(e.asked, "\n"))
				}
			}
		})
	}
}
