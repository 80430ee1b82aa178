package api

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hears is a channel that is told of each warning.
func hears(w *world) <-chan string {
	heard := make(chan string, 100)
	w.options.Warn = func(text string) { heard <- text }
	return heard
}

// expectWarning waits for one that says that.
func expectWarning(t *testing.T, heard <-chan string, says string) {
	t.Helper()
	select {
	case text := <-heard:
		if !strings.Contains(text, says) {
			t.Errorf("told of %q; it doesn't say %q", text, says)
		}
	case <-time.After(time.Minute):
		t.Fatalf("nobody is told of %q", says)
	}
}

// TestASocketThatIsTakenAwayIsMadeAgain, told of, and in /readyz as long as it
// can't be.
func TestASocketThatIsTakenAwayIsMadeAgain(t *testing.T) {
	t.Parallel() // it waits more than it works
	w := newWorld(t)
	heard := hears(w)
	folder := filepath.Join(t.TempDir(), "run")
	if err := os.Mkdir(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "r.sock")
	e := listenAt(t, path)
	a := New(w.options)
	w.Handler = a.Handler(open)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, a, e) }()
	step := func(name string, do error, says string, ready int) {
		t.Helper()
		if do != nil {
			t.Fatalf("%s: %v", name, do)
		}
		expectWarning(t, heard, says)
		if answer := w.ask("GET", "/readyz", ""); answer.Code != ready {
			t.Errorf("%s: /readyz is %d: %s", name, answer.Code, answer.Body)
		}
		if ready != http.StatusOK {
			return
		}
		if got := converse(t, "unix", path, "GET /v1/services HTTP/1.1\r\nHost: a\r\n\r\n"); len(got) != 1 || got[0] != 200 {
			t.Errorf("%s: a request by the socket is answered with %v", name, got)
		}
		if info, err := os.Lstat(path); err != nil || info.Mode().Perm() != socketMode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	step("removed", os.Remove(path), "made again", 200)
	step("moved", os.Rename(path, path+".old"), "made again", 200)
	if c, err := net.Dial("unix", path+".old"); err == nil {
		_ = c.Close()
		t.Error("what was moved away still lets in")
	}
	step("its folder moved", os.Rename(folder, folder+".old"), "put the folder there again; restart the containers that have it mounted", 503)
	step("its folder made anew", os.Mkdir(folder, 0o750), "made again, in another folder than before: restart the containers", 200)
	writeFile(t, path+".new", "precious")
	step("replaced by a file", os.Rename(path+".new", path), "left alone", 503)
	if text, err := os.ReadFile(path); string(text) != "precious" {
		t.Errorf("the file: %q, %v", text, err)
	}
	if text := w.ask("GET", "/readyz", "").Body.String(); !strings.Contains(text, path) || !strings.Contains(text, "move it away") {
		t.Errorf("/readyz says %q", text)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); string(text) != "precious" {
		t.Errorf("at the end the file is %q, %v", text, err)
	}
}

// TestWhoRemovesTheSocketAllTheTimeFillsNoLog.
func TestWhoRemovesTheSocketAllTheTimeFillsNoLog(t *testing.T) {
	told := 0
	s := &socket{warn: func(string) { told++ }}
	for range 1000 {
		s.say("again")
	}
	if told != maxTellings {
		t.Errorf("told %d times", told)
	}
	s.counted = s.counted.Add(-tellingWindow)
	if s.say("again"); told != maxTellings+1 {
		t.Errorf("told %d times after a while", told)
	}
}
