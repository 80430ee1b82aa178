package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestALookIsAnsweredOrRefused: each of these goes to a path of its own, and a
// status that isn't 2xx is a *Refusal with the server's words.
func TestALookIsAnsweredOrRefused(t *testing.T) {
	works := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !works {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, "not ready: the engine can't be asked\n")
			return
		}
		fmt.Fprintf(w, "%s %s as %s", r.Method, r.URL.Path, r.Header.Get("Accept"))
	}))
	defer server.Close()
	c := &Client{Server: server.URL}
	text, err := c.Metrics(t.Context())
	if want := "GET /metrics as text/plain"; err != nil || text != want {
		t.Errorf("%q, %v; want %q", text, err, want)
	}
	if err := errors.Join(c.Ready(t.Context()), c.Alive(t.Context())); err != nil {
		t.Error(err)
	}
	works = false
	var refusal *Refusal
	if err := c.Ready(t.Context()); !errors.As(err, &refusal) || refusal.Status != 503 || refusal.Error() != "not ready: the engine can't be asked" {
		t.Errorf("%#v", err)
	}
}
