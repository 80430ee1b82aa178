package e2e

import (
	"bytes"
	"encoding/json"
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
	"sync"
	"syscall"
	"testing"
	"time"
)

// daemon is a running reconciler.
type daemon struct {
	t      *testing.T
	cmd    *exec.Cmd // nil: it runs in a container
	client http.Client
	url    string
	file   string
	log    *buffer
	done   chan struct{}

	scrape sync.Mutex
	fresh  time.Time // when a scrape is made anew
}

// buffer is a log that is read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// freeAddress is a loopback address that nobody has.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// run starts a reconciler on the file; the test ends it.
func run(t *testing.T, engine, file string, more ...string) *daemon {
	t.Helper()
	return start(t, freeAddress(t), file, func(args ...string) *exec.Cmd { return exec.Command(binary, args...) },
		append([]string{"--docker-host", engine}, more...)...)
}

// start starts what command makes of the arguments of a reconciler.
func start(t *testing.T, address, file string, command func(args ...string) *exec.Cmd, more ...string) *daemon {
	t.Helper()
	d := &daemon{t: t, url: "http://" + address, file: file, log: &buffer{}, done: make(chan struct{})}
	d.cmd = command(append([]string{"run", "--state", file, "--listen", address, "--log-level", "debug"}, more...)...)
	d.cmd.Stdout, d.cmd.Stderr = d.log, d.log
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(d.done)
		_ = d.cmd.Wait() // the exit code is read from its state
	}()
	t.Cleanup(func() {
		d.end(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("the log of %s:\n%s", file, d.log)
		}
	})
	return d
}

// end sends a signal and waits for the end.
func (d *daemon) end(signal os.Signal) int {
	_ = d.cmd.Process.Signal(signal) // it may have ended already
	<-d.done
	return d.cmd.ProcessState.ExitCode()
}

// get answers with the status and body, 0 while nobody listens.
func (d *daemon) get(path string) (int, string) {
	res, err := d.client.Get(d.url + path)
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

// send makes a request with a JSON body and returns its status.
func (d *daemon) send(method, path, body string) (int, string) {
	d.t.Helper()
	req, err := http.NewRequest(method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := d.client.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	src, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return res.StatusCode, string(src)
}

// ready waits until the promise is kept by somebody.
func (d *daemon) ready() {
	d.t.Helper()
	eventually(d.t, "ready", func() (bool, string) {
		code, text := d.get("/readyz")
		return code == 200, text
	})
}

// converged waits until all services are as the file says, and it says so of
// this generation or a later one.
func (d *daemon) converged(generation int64) {
	d.t.Helper()
	eventually(d.t, fmt.Sprintf("generation %d converged", generation), func() (bool, string) {
		_, text := d.get("/v1/services")
		var o struct {
			Generation int64
			Services   []struct {
				Converged          bool
				ObservedGeneration int64 `json:"observed_generation"`
			}
		}
		if err := json.Unmarshal([]byte(text), &o); err != nil || o.Generation < generation {
			return false, text
		}
		for _, s := range o.Services {
			if !s.Converged || s.ObservedGeneration < generation {
				return false, text
			}
		}
		return true, ""
	})
}

// scraped are the metrics as they are now: one scrape is shared for a second.
func (d *daemon) scraped() string {
	d.t.Helper()
	d.scrape.Lock()
	defer d.scrape.Unlock()
	select {
	case <-time.After(time.Until(d.fresh)):
	case <-d.t.Context().Done():
	}
	_, text := d.get("/metrics")
	d.fresh = time.Now().Add(time.Second)
	return text
}

// metric is the sum of the series whose name and labels match.
func (d *daemon) metric(series string) float64 {
	d.t.Helper()
	text := d.scraped()
	match := regexp.MustCompile(`(?m)^` + series + ` (\S+)$`)
	sum := 0.0
	for _, m := range match.FindAllStringSubmatch(text, -1) {
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			d.t.Fatal(err)
		}
		sum += v
	}
	return sum
}

func (d *daemon) calls(name string) float64 {
	return d.metric(`reconciler_engine_request_seconds_count\{call="` + name + `",[^}]*\}`)
}

// command runs another command of the binary and returns its exit code and
// everything that it says.
func command(t *testing.T, engine string, args ...string) (int, string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+engine)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// write makes a state file in a folder of its own.
func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "state.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
