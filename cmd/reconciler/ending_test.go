package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Whatever is blocked, the process ends.
func TestWhateverIsBlockedTheProcessEnds(t *testing.T) {
	fifo := func(t *testing.T, path string) {
		t.Helper()
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hangup := func(t *testing.T, p *process) {
		t.Helper()
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	connect := func(t *testing.T, p *process, request string) {
		t.Helper()
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := conn.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
	}
	for name, block := range map[string]func(t *testing.T, p *process){
		"a save is recorded in a FIFO that nobody reads": func(t *testing.T, p *process) {
			fifo(t, filepath.Join(filepath.Dir(p.file), ".reconciler", "revisions", "revision.new"))
			save(t, p.file, "stopped")
			hangup(t, p)
		},
		"and a flip waits for it": func(t *testing.T, p *process) {
			fifo(t, filepath.Join(filepath.Dir(p.file), ".reconciler", "revisions", "revision.new"))
			connect(t, p, "PUT /v1/services/web/state HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n"+
				`{"state":"stopped"}`)
			hangup(t, p)
		},
		"the state file is a FIFO that nobody writes": func(t *testing.T, p *process) {
			fifo(t, p.file)
			hangup(t, p)
		},
		"the state file is a device that never answers": func(t *testing.T, p *process) {
			if err := os.Remove(p.file); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("/proc/kmsg", p.file); err != nil {
				t.Fatal(err)
			}
			hangup(t, p)
		},
		"clients that don't read": func(t *testing.T, p *process) {
			for range 8 {
				connect(t, p, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
				connect(t, p, strings.Repeat("GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n", 500))
				connect(t, p, "GET /v1/events HTTP/1.1\r\nHost:")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := os.Create(filepath.Join(t.TempDir(), "log"))
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			p := launch(t, saved(t, "running"), out, "--engine", "sim")
			p.until("ready", "GET", "/readyz", "", func(code int, _ string) bool { return code == 200 })
			block(t, p)
			code, took := p.end(syscall.SIGTERM)
			log, err := os.ReadFile(out.Name())
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(log)), "\n")
			want := map[int]string{0: "reconciler ended; ", exitFailure: "reconciler could not end within 12s of being told to; still under way: "}[code]
			if last := lines[len(lines)-1]; want == "" || !strings.HasPrefix(last, want) {
				t.Errorf("exit %d, and the last line is %s", code, last)
			}
			t.Logf("exit %d, %s after SIGTERM: %s", code, took.Round(time.Millisecond), lines[len(lines)-1])
		})
	}
}

func TestAnEngineThatNeverAnswersHoldsUpNoEnd(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "docker.sock")
	l, err := net.Listen("unix", socket) // the kernel accepts, and nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := launch(t, saved(t, "running"), nil, "--docker-host", "unix://"+socket)
	p.until("alive", "GET", "/healthz", "", func(code int, _ string) bool { return code == 200 })
	if code, took := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit %d, %s after SIGTERM", code, took)
	}
}
