package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asMain tells this test binary, started once more, that it is reconciler.
const asMain = "RECONCILER_TEST_AS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
	}
	os.Exit(m.Run())
}

const patience = time.Minute // a bound against hanging, nothing that is measured

// process is a reconciler of its own.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string
	file string
	done chan struct{}
}

// launch starts `reconciler run` with the simulated engine on the file, and
// with what it says going to out. It is killed with the test.
func launch(t *testing.T, file string, out io.Writer, more ...string) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	p := &process{t: t, url: "http://" + address, file: file, done: make(chan struct{})}
	p.cmd = exec.Command(os.Args[0], append([]string{"run", "--state", file, "--listen", address, "--log-level", "debug"}, more...)...)
	p.cmd.Env = append(os.Environ(), asMain+"=1")
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // the exit code is read from its state
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.done
	})
	return p
}

// end sends the signal and returns the exit code, and how long it took.
func (p *process) end(signal os.Signal) (code int, took time.Duration) {
	p.t.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("it has not ended %s after the signal", patience)
	}
	return p.cmd.ProcessState.ExitCode(), time.Since(began)
}

// ask returns the status and the body, 0 without an answer.
func (p *process) ask(method, path, body string) (int, string) {
	req, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: patience}
	res, err := client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	src, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(src)
}

// until asks until the answer is as wanted.
func (p *process) until(what, method, path, body string, want func(code int, text string) bool) {
	p.t.Helper()
	late := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		code, text := p.ask(method, path, body)
		if want(code, text) {
			return
		}
		select {
		case <-tick.C:
		case <-p.done:
			p.t.Fatalf("%s: it has ended: exit %d", what, p.cmd.ProcessState.ExitCode())
		case <-late:
			p.t.Fatalf("%s: not after %s: %d %s", what, patience, code, text)
		}
	}
}

// saved is a state file of one service in a folder of its own.
func saved(t *testing.T, state string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "state.yaml")
	save(t, file, state)
	return file
}

func save(t *testing.T, file, state string) {
	t.Helper()
	if err := os.WriteFile(file, []byte("version: 1\nproject: p\nservices:\n  web: "+state+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fullPipe is a pipe into which nothing more fits, and whose reader doesn't
// read.
func fullPipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = reader.Close(), writer.Close() })
	raw, err := writer.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		for _, piece := range [][]byte{bytes.Repeat([]byte("x"), 4096), []byte("x")} {
			for {
				if _, werr := syscall.Write(int(fd), piece); werr != nil { // os.Pipe doesn't block
					if !errors.Is(werr, syscall.EAGAIN) {
						t.Error(werr)
					}
					break
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return reader, writer
}

var droppedMetric = regexp.MustCompile(`(?m)^reconciler_log_dropped_total (\S+)$`)

// Row E7: `reconciler run >p 2>&1`, and whoever holds p doesn't read.
func TestAnUnreadLogStopsNothing(t *testing.T) {
	reader, writer := fullPipe(t)
	p := launch(t, saved(t, "running"), writer, "--engine", "sim")
	ready := func(code int, _ string) bool { return code == 200 }
	p.until("ready", "GET", "/readyz", "", ready)
	is := func(status string) func(int, string) bool {
		return func(_ int, text string) bool {
			return strings.Contains(text, `"status": "`+status+`"`) && strings.Contains(text, `"converged": true`)
		}
	}
	for _, state := range []string{"stopped", "running", "stopped"} {
		if code, text := p.ask("PUT", "/v1/services/web/state", `{"state":"`+state+`"}`); code != 202 && code != 200 {
			t.Errorf("a flip: %d %s", code, text)
		}
		p.until("flipped", "GET", "/v1/services/web", "", is(state))
	}
	save(t, p.file, "running")
	p.until("saved by hand", "GET", "/v1/services/web", "", is("running"))
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	lost := 0.0
	body := fmt.Sprintf(`{"reason":%q}`, strings.Repeat("why ", 50))
	p.until("lines are lost, and counted", "GET", "/metrics", "", func(_ int, text string) bool {
		for range 500 { // each is a few lines of the log
			if code, text := p.ask("POST", "/v1/services/web/restart", body); code >= 500 || code == 0 {
				t.Fatalf("a restart: %d %s", code, text)
			}
		}
		m := droppedMetric.FindStringSubmatch(text)
		if m == nil {
			t.Fatal("reconciler_log_dropped_total is not there")
		}
		lost, _ = strconv.ParseFloat(m[1], 64)
		return lost > 0
	})
	p.until("still ready", "GET", "/readyz", "", ready)

	// Somebody reads again.
	_ = writer.Close() // so that the pipe ends with the process
	var read bytes.Buffer
	heard := make(chan error)
	go func() {
		_, err := read.ReadFrom(reader)
		heard <- err
	}()
	code, took := p.end(syscall.SIGTERM)
	if err := <-heard; err != nil {
		t.Error(err)
	}
	m := regexp.MustCompile(`"message": "(\d+) lines of the log were lost between \S+ and \S+, as nobody was reading"`).FindStringSubmatch(read.String())
	if m == nil {
		t.Fatalf("the reader who came back doesn't hear of what was lost: %.300s", strings.TrimLeft(read.String(), "x"))
	}
	if n, _ := strconv.ParseFloat(m[1], 64); n < lost {
		t.Errorf("%s lines were lost as the log tells, %v as the metric told before", m[1], lost)
	}
	if !strings.HasSuffix(read.String(), "reconciler ended; the containers stay as they are\n") || code != 0 {
		t.Errorf("exit %d, and the last lines are …%s", code, read.String()[max(0, read.Len()-300):])
	}
	t.Logf("ended %s after SIGTERM; %s lines were lost", took, m[1])
}

func TestAnUnreadLogHoldsUpNoEnd(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		_, writer := fullPipe(t)
		p := launch(t, saved(t, "running"), writer, "--engine", "sim")
		p.until("ready", "GET", "/readyz", "", func(code int, _ string) bool { return code == 200 })
		code, took := p.end(signal)
		if code != 0 {
			t.Errorf("exit %d", code)
		}
		t.Logf("ended %s after %s", took, signal)
	}
	// Nor of one that begins with bad input.
	_, writer := fullPipe(t)
	p := launch(t, filepath.Join(t.TempDir(), "none.yaml"), writer, "--engine", "sim")
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatal("it can't say what is wrong, and doesn't end")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != exitBadInput {
		t.Errorf("exit %d", code)
	}
}
