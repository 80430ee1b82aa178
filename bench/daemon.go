package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"reconciler/client"
)

// daemon is a running `reconciler run`.
type daemon struct {
	project project
	state   string // its file
	cmd     *exec.Cmd
	said    chan string // each line that it wrote; closed at its end
	address string
	fresh   time.Time // when a scrape is made anew
}

// record is a line of the log, as far as it matters here.
type record struct {
	Time    time.Time `json:"ts"`
	Message string    `json:"msg"`
}

var page = regexp.MustCompile(`http://[0-9.:]+/`)

// startDaemon runs the binary for the project, all of it wanted in that state,
// until it has converged.
func startDaemon(ctx context.Context, binary, dir string, p project, want string, more ...string) (*daemon, error) {
	d := &daemon{project: p, state: filepath.Join(dir, p.name, "state.yaml"), said: make(chan string, 1<<16)}
	if err := os.Mkdir(filepath.Dir(d.state), 0o755); err != nil {
		return nil, err
	}
	if err := d.write(want); err != nil {
		return nil, err
	}
	d.cmd = exec.Command(binary, append([]string{"run", "--state", d.state, "--listen", "127.0.0.1:0", "--log-format", "json"}, more...)...)
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s (make build makes it): %w", binary, err)
	}
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			d.said <- lines.Text()
		}
		close(d.said)
	}()
	line, err := d.hear(ctx, page.MatchString)
	if err == nil {
		d.address = page.FindString(line)
		err = d.settled(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, d.end())
	}
	return d, nil
}

// end ends the daemon and waits for it.
func (d *daemon) end() error {
	err := d.cmd.Process.Signal(syscall.SIGTERM)
	for range d.said { // to the end of what it says, so that it isn't held up
	}
	return errors.Join(err, d.cmd.Wait())
}

// write puts a file in place that wants all services in that state, as an
// editor does.
func (d *daemon) write(want string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "version: 1\nproject: %s\nservices:\n", d.project.name)
	for i := range d.project.ids {
		fmt.Fprintf(&b, "  %s: %s\n", service(i), want)
	}
	if err := os.WriteFile(d.state+"~", []byte(b.String()), 0o644); err != nil {
		return err
	}
	return os.Rename(d.state+"~", d.state)
}

// flip writes the file and returns when the change was accepted.
func (d *daemon) flip(ctx context.Context, want string) (accepted time.Time, err error) {
	began := time.Now()
	if err := d.write(want); err != nil {
		return accepted, err
	}
	_, err = d.hear(ctx, func(line string) bool {
		var r record
		if json.Unmarshal([]byte(line), &r) != nil || r.Message != "state accepted" || r.Time.Before(began) {
			return false
		}
		accepted = r.Time
		return true
	})
	return accepted, err
}

// hear waits for a line.
func (d *daemon) hear(ctx context.Context, is func(line string) bool) (string, error) {
	last := "nothing"
	for {
		select {
		case line, ok := <-d.said:
			if !ok {
				return "", fmt.Errorf("reconciler ended; it said last: %s", last)
			}
			if last = line; is(line) {
				return line, nil
			}
		case <-time.After(time.Minute):
			return "", fmt.Errorf("reconciler doesn't say what is awaited; it said last: %s", last)
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// settled waits until each service is as wanted.
func (d *daemon) settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		series, err := d.series(ctx)
		if err != nil {
			return err
		}
		as := 0
		for name, value := range series {
			if strings.HasPrefix(name, "reconciler_service_converged{") && value == 1 {
				as++
			}
		}
		if as == len(d.project.ids) && series["reconciler_engine_up"] == 1 {
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("wait until %d services are as wanted, %d are: %w", len(d.project.ids), as, ctx.Err())
		}
	}
}

// series scrapes the metrics, once what was told last is shared no longer.
func (d *daemon) series(ctx context.Context) (map[string]float64, error) {
	if err := pause(ctx, time.Until(d.fresh)); err != nil {
		return nil, err
	}
	defer func() { d.fresh = time.Now().Add(time.Second) }()
	body, err := (&client.Client{Server: d.address}).Metrics(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the metrics: %w", err)
	}
	series := make(map[string]float64)
	for line := range strings.Lines(body) {
		end := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") || end < 0 {
			continue
		}
		if value, err := strconv.ParseFloat(strings.TrimSpace(line[end:]), 64); err == nil {
			series[line[:end]] = value
		}
	}
	return series, nil
}

var called = regexp.MustCompile(`^reconciler_engine_request_seconds_count\{call="([a-z]+)"`)

// calls returns how many calls to the engine were made so far, by name.
func (d *daemon) calls(ctx context.Context) (map[string]int, error) {
	series, err := d.series(ctx)
	if err != nil {
		return nil, err
	}
	calls := make(map[string]int)
	for name, value := range series {
		if m := called.FindStringSubmatch(name); m != nil {
			calls[m[1]] += int(value)
		}
	}
	return calls, nil
}
