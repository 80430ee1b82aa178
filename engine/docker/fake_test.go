package docker

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// fake is an engine that says what a test tells it to.
type fake struct {
	mu      sync.Mutex
	version string           // of its API
	answer  http.HandlerFunc // to all but a ping
	calls   []string         // "METHOD /path", pings too
	noHead  bool             // it refuses HEAD, as a proxy may
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	version, noHead := f.version, f.noHead
	f.calls = append(f.calls, r.Method+" "+r.URL.Path)
	f.mu.Unlock()
	if noHead && r.Method == http.MethodHead {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Api-Version", version)
	if r.URL.Path == "/_ping" {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	f.answer(w, r)
}

// upgrade makes it one of another version.
func (f *fake) upgrade(version string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.version = version
}

// called are the calls so far, pings too.
func (f *fake) called() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// speak starts a fake of the oldest version, and returns it and what speaks to it.
func speak(t *testing.T, answer http.HandlerFunc) (*fake, *Engine) {
	t.Helper()
	for _, name := range []string{"DOCKER_API_VERSION", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"} {
		t.Setenv(name, "")
	}
	f := &fake{version: "1.41", answer: answer}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	e, err := New(Options{Host: "tcp://" + server.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return f, e
}

// says answers with that status and body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// refuses answers as the engine does when it can't.
func refuses(status int, message string) http.HandlerFunc {
	return says(status, fmt.Sprintf(`{"message":%q}`, message))
}
