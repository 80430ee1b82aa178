package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// notified is systemd's end of the socket; it returns what was said next, and
// fails after a while without a word.
func notified(t *testing.T) (next func() string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return func() string {
		t.Helper()
		var said [512]byte
		err := conn.SetReadDeadline(time.Now().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(said[:])
		if err != nil {
			t.Fatal(err)
		}
		return string(said[:n])
	}
}

func TestSystemdIsToldAndSIGHUPReadsTheFileAtOnce(t *testing.T) {
	next := notified(t)
	t.Setenv("WATCHDOG_USEC", "30000000")
	dir := t.TempDir()
	file := filepath.Join(dir, "state.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("version: 1\nproject: p\nservices: {a: running}\n")
	ctx, end := context.WithCancel(t.Context())
	var stderr bytes.Buffer
	code := make(chan int)
	go func() {
		code <- execute(ctx, []string{"run", "--state", file, "--engine", "sim", "--listen", "127.0.0.1:0"}, &bytes.Buffer{}, &stderr)
	}()
	if got := next(); got != "READY=1" {
		t.Errorf("first %q, want READY=1", got)
	}
	if got := next(); got != "WATCHDOG=1" {
		t.Errorf("then %q, want WATCHDOG=1", got)
	}
	write("version: 1\nproject: p\nservices: {a: stopped, b: stopped}") // settles for 3 s, but for the signal
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if got := next(); !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") {
		t.Errorf("on SIGHUP %q", got)
	}
	if got := next(); got != "READY=1" {
		t.Errorf("after the reload %q", got)
	}
	end()
	for got := next(); got != "STOPPING=1"; got = next() {
		if got != "WATCHDOG=1" {
			t.Errorf("at the end %q", got)
		}
	}
	if c := <-code; c != 0 {
		t.Errorf("exit %d", c)
	}
	if log := stderr.String(); !strings.Contains(log, "b: listed, stopped") || !strings.Contains(log, "SIGHUP") {
		t.Errorf("the log doesn't tell of the reload:\n%s", log)
	}
}

func TestAWatchdogThatIsTooShortIsRefused(t *testing.T) {
	for _, usec := range []string{"3000000", "often"} {
		t.Setenv("WATCHDOG_USEC", usec)
		file := filepath.Join(t.TempDir(), "state.yaml")
		if err := os.WriteFile(file, []byte("version: 1\nproject: p\nservices: {}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		code, _, errs := call(t, "run", "--state", file, "--engine", "sim", "--listen", "127.0.0.1:0")
		if code != 2 || !strings.Contains(errs, "watchdog") {
			t.Errorf("WATCHDOG_USEC=%s: exit %d, %s", usec, code, errs)
		}
	}
}

// A socket that systemd doesn't read holds up neither the loop nor the end.
func TestADeafSystemdHoldsUpNobody(t *testing.T) {
	next := notified(t)
	var warnings []string
	s, err := newSupervisor(func(text string) { warnings = append(warnings, text) })
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for len(warnings) == 0 { // until its queue is full
		s.stopping()
		sent++
	}
	s.stopping()
	if len(warnings) != 1 || !strings.Contains(warnings[0], "it does not read its socket within 1s") {
		t.Errorf("%d warnings: %q", len(warnings), warnings)
	}
	for range sent { // those that had room, and the one that waited
		if got := next(); got != "STOPPING=1" {
			t.Errorf("%q", got)
		}
	}
	s.turn <- struct{}{} // the one that waited is done
	<-s.turn
	s.ready()
	if got := next(); got != "READY=1" || len(warnings) != 1 {
		t.Errorf("once it reads again: %q, %q", got, warnings)
	}
}
