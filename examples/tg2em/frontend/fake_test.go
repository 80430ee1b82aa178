package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fake is a reconciler that speaks the calls of docs/http.md which the panel
// needs. It keeps services and no containers.
type fake struct {
	mu       sync.Mutex
	token    string // empty: as through the socket
	services []service
	asked    []string // each call that changes something
}

func newFake(token string) *fake {
	port := 5000
	return &fake{token: token, services: []service{
		{Name: "frontend", Desired: "running", Status: "running", Converged: true, PID: 41, Port: &port, Message: "tg2em-frontend runs", Groups: []string{}},
		{Name: "tgstate", Desired: "running", Status: "running", Converged: true, PID: 42, Message: "tg2em-tgstate runs", Groups: []string{"business"}},
		{Name: "scraper", Desired: "stopped", Status: "stopped", Converged: true, Message: "stopped, as <wanted>", Groups: []string{"business"}},
	}}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.token != "" && r.Header.Get("Authorization") != "Bearer "+f.token {
		refuse(w, http.StatusUnauthorized, "unauthorized", "a token is needed")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	if r.Method != http.MethodGet {
		f.asked = append(f.asked, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+string(body)))
	}
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	switch call := r.Method + " " + path[0] + fmt.Sprint(len(path)); {
	case call == "GET services1":
		answer(w, map[string]any{"project": "tg2emall", "generation": 1, "services": f.services, "orphans": []string{}})
	case call == "GET services2":
		f.one(w, path[1], "")
	case call == "PUT services2" && path[1] == "state":
		var wanted map[string]string
		if err := json.Unmarshal(body, &wanted); err != nil {
			panic(err)
		}
		for name, state := range wanted {
			f.set(name, state)
		}
		answer(w, map[string]any{"generation": 2, "services": f.services, "skipped": []string{}, "warnings": []string{}})
	case call == "POST services3" && path[2] == "start":
		f.one(w, path[1], "running")
	case call == "POST services3" && path[2] == "stop":
		f.one(w, path[1], "stopped")
	case call == "PUT groups3" && path[2] == "state":
		f.group(w, path[1], body)
	default:
		refuse(w, http.StatusNotFound, "not_found", "no such call: "+call)
	}
}

func (f *fake) set(name, state string) *service {
	i := slices.IndexFunc(f.services, func(s service) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	s := &f.services[i]
	if state != "" {
		s.Desired, s.Status, s.PID = state, state, map[string]int{"running": 77}[state]
	}
	return s
}

func (f *fake) one(w http.ResponseWriter, name, state string) {
	s := f.set(name, state)
	if s == nil {
		refuse(w, http.StatusNotFound, "unknown_service", fmt.Sprintf("the file lists no service %q; did you mean <tgstate>?", name))
		return
	}
	answer(w, s)
}

func (f *fake) group(w http.ResponseWriter, group string, body []byte) {
	var want struct{ State string }
	if err := json.Unmarshal(body, &want); err != nil || want.State == "" {
		refuse(w, http.StatusBadRequest, "malformed", "say which state")
		return
	}
	for _, s := range f.services {
		if slices.Contains(s.Groups, group) {
			f.set(s.Name, want.State)
		}
	}
	skipped, warnings := []string{}, []string{}
	if group == "odd" {
		skipped, warnings = append(skipped, "migrate"), append(warnings, "web is no <job>")
	}
	answer(w, map[string]any{"generation": 2, "services": f.services, "skipped": skipped, "warnings": warnings})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

func refuse(w http.ResponseWriter, status int, kind, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": kind, "title": http.StatusText(status), "status": status, "detail": detail})
}

// calls are those that changed something, so far.
func (f *fake) calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

// onSocket serves the fake on a unix socket and returns its RECONCILER_SERVER.
func onSocket(t *testing.T, f *fake) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "panel") // a short name: the path of a socket may have 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "reconciler.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(f)
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return "unix:" + path
}

// TestMain makes the certificate of httptest's servers one that is trusted, as
// SSL_CERT_FILE does in a container: it is read once in a process.
func TestMain(m *testing.M) {
	os.Exit(trusting(m))
}

func trusting(m *testing.M) int {
	s := httptest.NewTLSServer(nil)
	s.Close()
	file, err := os.CreateTemp("", "ca")
	if err != nil {
		panic(err)
	}
	defer os.Remove(file.Name())
	if err := pem.Encode(file, &pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}); err != nil {
		panic(err)
	}
	os.Setenv("SSL_CERT_FILE", file.Name())
	return m.Run()
}
