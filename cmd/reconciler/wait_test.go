package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// listing is the overview of one service that says this of itself.
func listing(format string, args ...any) string {
	return fmt.Sprintf(`{"project":"p","services":[{"name":"web","status":"starting","message":"m","generation":2,`+format+`}]}`, args...)
}

func TestWaitEndsOnlyWhenItIsSo(t *testing.T) {
	for _, c := range []struct {
		name, what, before, after string
	}{
		{"converged", "converged", `"observed_generation":2`, `"observed_generation":2,"converged":true`},
		{"decided on an older file", "converged", `"observed_generation":1,"converged":true`, `"observed_generation":2,"converged":true`},
		{"ready", "ready", `"observed_generation":2,"converged":true`, `"observed_generation":2,"ready":true`},
		{"stopped", "stopped", `"observed_generation":2,"converged":true,"desired":"running"`, `"observed_generation":2,"converged":true,"desired":"stopped"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // it waits more than it works
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				text := c.before
				if asked.Add(1) > 2 {
					text = c.after
				}
				fmt.Fprint(w, listing("%s", text))
			}))
			defer server.Close()
			code, out, errs := call(t, "wait", "web", "--for", c.what, "--server", server.URL)
			if code != 0 || out != "" || errs != "waiting: web is starting: m\n" {
				t.Errorf("exit %d, stdout %q, stderr %q", code, out, errs)
			}
			if n := asked.Load(); n != 3 {
				t.Errorf("asked %d times, want 3", n)
			}
		})
	}
}

// TestAWaitTellsWhatElseIsToBeKnownOnce: all is as the file says that is in
// force, say, and the one on disk can't be used.
func TestAWaitTellsWhatElseIsToBeKnownOnce(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"project":"p","services":[{"name":"web","status":"running","message":"m","generation":2,"observed_generation":2,"converged":%t}],"warnings":["not ready: the file can't be used"]}`, asked.Add(1) > 2)
	}))
	defer server.Close()
	code, out, errs := call(t, "wait", "--server", server.URL)
	if code != 0 || out != "" || errs != "warning: not ready: the file can't be used\nwaiting: web is running: m\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, out, errs)
	}
}

func TestAWaitThatIsOverSaysWhatWasMissing(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, listing(`"observed_generation":2`))
	}))
	defer server.Close()
	code, _, errs := call(t, "wait", "--timeout", "300ms", "--server", server.URL)
	if code != 1 || !strings.Contains(errs, "not converged in time: web is starting: m") {
		t.Errorf("exit %d, %q", code, errs)
	}
}

func TestAnInterruptedCommandSaysOnlyThat(t *testing.T) {
	for _, args := range [][]string{{"wait", "web"}, {"stop", "web", "--wait"}, {"set", "running", "web"}} {
		t.Run(args[0], func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // until it is read, nobody looks whether the client is there
				interrupt()
				<-r.Context().Done()
			}))
			defer server.Close()
			var out, errs bytes.Buffer
			if code := execute(ctx, append(args, "--server", server.URL), &out, &errs); code != 130 || errs.String() != "interrupted\n" {
				t.Errorf("exit %d, %q", code, errs.String())
			}
		})
	}
}

func TestAFlipThatWaitsTellsWhatItWaitsFor(t *testing.T) {
	t.Parallel() // it waits more than it works
	told := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			fmt.Fprint(w, listing(`"observed_generation":2`))
			return
		}
		<-told
		fmt.Fprint(w, `{"name":"web","desired":"running","status":"running","message":"web-1 runs"}`)
	}))
	defer server.Close()
	var out bytes.Buffer
	errs := &firstLine{written: told}
	code := execute(t.Context(), []string{"start", "web", "--wait", "--server", server.URL}, &out, errs)
	if code != 0 || errs.text != "waiting: web is starting: m\n" || out.String() != "web: wanted running, is running: web-1 runs\n" {
		t.Errorf("exit %d, stderr %q, stdout %q", code, errs.text, out.String())
	}
}

// firstLine closes written at the first thing that is written to it.
type firstLine struct {
	text    string
	written chan struct{}
}

func (f *firstLine) Write(b []byte) (int, error) {
	if f.text == "" {
		close(f.written)
	}
	f.text += string(b)
	return len(b), nil
}

func TestTheServerCanBeASocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})}}
	server.Start()
	defer server.Close()
	t.Setenv("RECONCILER_SERVER", "unix:"+path)
	t.Setenv("RECONCILER_TOKEN", "secret")
	if code, _, errs := call(t, "healthcheck"); code != 0 {
		t.Errorf("exit %d, %s", code, errs)
	}
	t.Setenv("RECONCILER_TOKEN", "")
	if code, _, _ := call(t, "healthcheck"); code != 1 {
		t.Errorf("refused: exit %d, want 1", code)
	}
}
