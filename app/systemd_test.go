package app

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

	"reconciler/config"
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
	ended := make(chan struct{})
	conf := config.Default()
	conf.State, conf.Engine, conf.Listen = file, "sim", []string{"127.0.0.1:0"}
	go func() {
		p := Own(ctx, &stderr, func() { t.Error("its end was forced") })
		defer close(ended)
		defer p.Close()
		if err := p.Run(ctx, conf, "test"); err != nil {
			t.Error(err)
		}
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
	<-ended
	if log := stderr.String(); !strings.Contains(log, "b: listed, stopped") || !strings.Contains(log, "SIGHUP") {
		t.Errorf("the log doesn't tell of the reload:\n%s", log)
	}
}

// A signal that comes while the parts are put together must not end the process,
// and what it asks for is done once they are.
func TestASIGHUPBeforeTheStartIsHeardAfterIt(t *testing.T) {
	next := notified(t)
	conf := config.Default()
	conf.State, conf.Engine, conf.Listen = filepath.Join(t.TempDir(), "state.yaml"), "sim", []string{"127.0.0.1:0"}
	if err := os.WriteFile(conf.State, []byte("version: 1\nproject: p\nservices: {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	p := Own(ctx, &bytes.Buffer{}, func() { t.Error("its end was forced") })
	defer p.Close()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- p.Run(ctx, conf, "test") }()
	for !strings.HasPrefix(next(), "RELOADING=1\n") {
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
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
