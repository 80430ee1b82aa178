// Package siege attacks a running reconciler from outside, as many clients at
// once do, in a cgroup whose memory is limited. bench/memory and internal/e2e
// use it. It is for Linux and for root.
package siege

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Attack is one way of asking, made by many clients at once.
type Attack struct {
	Name    string
	Method  string // empty: GET
	Path    string
	Header  map[string]string
	Body    string // sent anew by each client, each time
	Slow    bool   // the answer is read a byte a second, and then given up
	Forever bool   // the answer has no end: it is read until the end of the siege
}

// Result counts what the clients were answered.
type Result struct {
	Codes  map[int]int    // answers by their status
	Failed map[string]int // how else a request ended, by the last words of its error
	Bytes  int64
}

// String says it in one line.
func (r Result) String() string {
	var said []string
	for _, code := range slices.Sorted(maps.Keys(r.Codes)) {
		said = append(said, fmt.Sprintf("%d × %d", r.Codes[code], code))
	}
	for _, why := range slices.Sorted(maps.Keys(r.Failed)) {
		said = append(said, fmt.Sprintf("%d × %s", r.Failed[why], why))
	}
	return strings.Join(said, ", ")
}

// Lay lets that many clients attack the address, HOST:PORT, each on connections
// of its own, until ctx ends.
func Lay(ctx context.Context, address string, clients int, a Attack) Result {
	sum := Result{Codes: make(map[int]int), Failed: make(map[string]int)}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				code, n, err := once(ctx, address, a)
				mu.Lock()
				sum.Bytes += n
				if code != 0 {
					sum.Codes[code]++
				}
				if err != nil && ctx.Err() == nil {
					words := strings.Split(err.Error(), ": ")
					sum.Failed[words[len(words)-1]]++
				}
				mu.Unlock()
				if code == 0 { // nobody is there
					select {
					case <-time.After(100 * time.Millisecond):
					case <-ctx.Done():
					}
				}
			}
		})
	}
	all.Wait()
	return sum
}

// once asks on a connection of its own, and returns the status, 0 if there was
// none, and how much of the body was read.
func once(ctx context.Context, address string, a Attack) (code int, n int64, err error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	method := a.Method
	if method == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+address+a.Path, strings.NewReader(a.Body))
	if err != nil {
		return 0, 0, err
	}
	for name, value := range a.Header {
		request.Header.Set(name, value)
	}
	request.Close = true
	if err := request.Write(conn); err != nil {
		return 0, 0, err
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(conn, 512), request)
	if err != nil {
		return 0, 0, err
	}
	if a.Slow {
		n = sip(ctx, answer.Body)
		return answer.StatusCode, n, nil
	}
	n, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, n, err
}

// sip reads a byte a second until ctx ends or there is no more.
func sip(ctx context.Context, body io.Reader) (n int64) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		if _, err := io.ReadFull(body, make([]byte, 1)); err != nil {
			return n
		}
		n++
		select {
		case <-second.C:
		case <-ctx.Done():
			return n
		}
	}
}

// State is a file of that many services, all wanted running, each with what a
// real one has.
func State(services int) string {
	var b strings.Builder
	b.WriteString("version: 1\nproject: siege\ngroups:\n  all:\n")
	for i := range services {
		fmt.Fprintf(&b, "    - service-%04d\n", i)
	}
	b.WriteString("services:\n")
	for i := range services {
		fmt.Fprintf(&b, "  service-%04d: running\n", i)
	}
	return b.String()
}

// Big is State with comments up to that many bytes, which say something else by
// each number.
func Big(services, size, number int) string {
	text := State(services)
	line := fmt.Sprintf("# %d: words that nobody parses, again and again, but they are bytes\n", number)
	return text + strings.Repeat(line, max(0, (size-len(text))/len(line)))
}

// Attacks are those on every route that answers with more than a few lines.
func Attacks(services int) []Attack {
	json := map[string]string{"Accept": "application/json"}
	text := map[string]string{"Accept": "text/plain"}
	big := Big(services, 1000<<10, 1)
	yaml := map[string]string{"Content-Type": "application/yaml"}
	return []Attack{
		{Name: "/metrics", Path: "/metrics"},
		{Name: "/metrics, gzip", Path: "/metrics", Header: map[string]string{"Accept-Encoding": "gzip"}},
		{Name: "/v1/services", Path: "/v1/services"},
		{Name: "/v1/services?group=all", Path: "/v1/services?group=all"},
		{Name: "/v1/plan", Path: "/v1/plan"},
		{Name: "/v1/plan, text", Path: "/v1/plan", Header: text},
		{Name: "/v1/state, JSON", Path: "/v1/state", Header: json},
		{Name: "/v1/state, YAML", Path: "/v1/state"},
		{Name: "/v1/events, list", Path: "/v1/events", Header: json},
		{Name: "/v1/events, backlog", Path: "/v1/events?last_event_id=none-0", Forever: true},
		{Name: "/v1/revisions", Path: "/v1/revisions"},
		{Name: "/v1/revisions/1", Path: "/v1/revisions/1"},
		{Name: "logs", Path: "/v1/services/service-0001/logs?tail=10000"},
		{Name: "the page", Path: "/"},
		{Name: "openapi.json", Path: "/v1/openapi.json"},
		{Name: "POST /v1/reconcile", Method: "POST", Path: "/v1/reconcile"},
		{Name: "PUT /v1/state, 1 MB, dry run", Method: "PUT", Path: "/v1/state?dry_run=true", Header: yaml, Body: big},
		{Name: "PUT /v1/state, 1 MB", Method: "PUT", Path: "/v1/state?wait=5s", Header: yaml, Body: big},
		{
			Name: "PUT /v1/services/state, 1 MB", Method: "PUT", Path: "/v1/services/state", Header: map[string]string{"Content-Type": "application/json"},
			Body: `{"service-0001":"` + strings.Repeat("x", 1000<<10) + `"}`,
		},
	}
}
