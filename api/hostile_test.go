package api

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"reconciler/desired"
)

// attack is one line of testdata/hostile.txt.
type attack struct {
	want []int // the statuses; none: it hangs up without a word
	door string
	name string
	sent string // in the notation of the file
}

func attacks(t *testing.T) []attack {
	t.Helper()
	src, err := os.ReadFile("testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []attack
	for i, line := range strings.Split(string(src), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.SplitN(line, " | ", 4)
		if len(parts) != 4 {
			t.Fatalf("line %d has %d parts", i+1, len(parts))
		}
		h := attack{door: parts[1], name: fmt.Sprintf("%d %s", i+1, parts[2]), sent: parts[3]}
		for code := range strings.SplitSeq(parts[0], ",") {
			if n, err := strconv.Atoi(code); err == nil {
				h.want = append(h.want, n)
			} else if code != "-" {
				t.Fatalf("line %d: %v", i+1, err)
			}
		}
		all = append(all, h)
	}
	return all
}

var (
	variable = regexp.MustCompile(`\{[a-z]+\}`)
	repeated = regexp.MustCompile(`(?s)\{(\d+)\*(.+?)\}`)
	escape   = regexp.MustCompile(`\\(r|n|t|\\|x[0-9a-f]{2}|u[0-9a-f]{4})`)
)

// written returns the bytes that a line of the file stands for.
func written(line string, variables map[string]string) string {
	for range 2 { // some stand in others
		line = variable.ReplaceAllStringFunc(line, func(name string) string {
			if v, known := variables[name]; known {
				return v
			}
			return name
		})
	}
	line = escape.ReplaceAllStringFunc(line, func(e string) string {
		s, err := strconv.Unquote(`"` + e + `"`)
		if err != nil {
			panic(err) // the expression lets nothing else through
		}
		return s
	})
	line = repeated.ReplaceAllStringFunc(line, func(r string) string {
		m := repeated.FindStringSubmatch(r)
		times, _ := strconv.Atoi(m[1]) // digits
		return strings.Repeat(m[2], times)
	})
	_, body, _ := strings.Cut(line, "\r\n\r\n")
	return strings.ReplaceAll(line, "{len}", strconv.Itoa(len(body)))
}

// hostileWorld serves a real file at three doors, and returns where they are.
func hostileWorld(t *testing.T, w *world, variables map[string]string) (file string, at map[string][2]string) {
	t.Helper()
	folder := t.TempDir()
	file = filepath.Join(folder, "state.yaml")
	writeFile(t, file, document)
	store, err := desired.Open(desired.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	w.options.State, w.options.Tokens = store, tokensOf(t)
	api := New(w.options)
	var hours atomic.Int64 // so that nobody is told to wait
	api.s.failures = newFailures(func() time.Time { return time.Unix(3600*hours.Add(1), 0) })
	variables["{session}"] = `Cookie: reconciler=` + api.s.sessions.begin(mustFind(t, w.options.Tokens, Admin)) + `\r\n`
	var entrances []*Entrance
	at = make(map[string][2]string)
	for name, door := range map[string]Door{"open": open, "guarded": guardedDoor, "socket": {Address: "unix:" + filepath.Join(folder, "r.sock"), Grants: Flip}} {
		e, err := Listen(door)
		if err != nil {
			t.Fatal(err)
		}
		at[name] = [2]string{e.Addr().Network(), e.Addr().String()}
		entrances = append(entrances, e)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, api, entrances...) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return file, at
}

// jsonBy is the rest of a request that sends JSON, with that token or none.
func jsonBy(secret string) string {
	rest := ` HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len}\r\n`
	if secret != "" {
		rest += `Authorization: Bearer ` + secret + `\r\n`
	}
	return rest + `\r\n`
}

// TestHostileRequestsChangeNothing sends each line of testdata/hostile.txt to
// a door that is really served, without a client that would mend it. After
// each the file and all other files beside it are as they were, the loop was
// asked nothing, and no metric has a series that isn't one of the table.
func TestHostileRequestsChangeNothing(t *testing.T) {
	variables := map[string]string{
		"{get}":     `GET /v1/services HTTP/1.1\r\nHost: localhost\r\n`,
		"{put}":     `PUT /v1/services/db/state HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n`,
		"{json}":    `PUT /v1/services/db/state HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len}\r\n\r\n`,
		"{yaml}":    `PUT /v1/state HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/yaml\r\nContent-Length: {len}\r\n\r\n`,
		"{head}":    `version: 1\nproject: shop\n`,
		"{stop}":    `POST /v1/services/web/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`,
		"{stopfor}": `POST /v1/services/web/stop?wait=`,
		"{rest}":    ` HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`,
		"{read}":    `Authorization: Bearer ` + secretOf(Read) + `\r\n`,
		"{flip}":    `Authorization: Bearer ` + secretOf(Flip) + `\r\n`,
		"{secret}":  secretOf(Admin),
		"{digest}":  fmt.Sprintf("%x", sha256.Sum256([]byte(document))),
		"{host}":    ` HTTP/1.1\r\nHost: localhost\r\n\r\n`,
		"{asjson}":  jsonBy(""),
		"{asread}":  jsonBy(secretOf(Read)),
		"{asflip}":  jsonBy(secretOf(Flip)),
		"{suspend}": `PUT /v1/services/db/suspend` + jsonBy(""),
		"{group}":   `PUT /v1/groups/front/state` + jsonBy(""),
		"{batch}":   `PUT /v1/services/state` + jsonBy(""),
	}
	w := newWorld(t)
	file, at := hostileWorld(t, w, variables)
	entries := len(names(t, filepath.Dir(file)))
	all := attacks(t)
	for _, h := range all {
		t.Run(h.name, func(t *testing.T) {
			where, known := at[h.door]
			if !known {
				t.Fatalf("there is no door %q", h.door)
			}
			if got := converse(t, where[0], where[1], written(h.sent, variables)); !slices.Equal(got, h.want) {
				t.Errorf("answered with %v, not %v", got, h.want)
			}
			if src, err := os.ReadFile(file); err != nil || !bytes.Equal(src, []byte(document)) {
				t.Fatalf("the file was changed: %v\n%s", err, src)
			}
			if w.options.State.Snapshot().Generation != 1 || len(w.loop.asked) > 0 {
				t.Fatalf("generation %d, asked %v", w.options.State.Snapshot().Generation, w.loop.asked)
			}
		})
	}
	if len(all) < 800 {
		t.Errorf("%d requests only", len(all))
	}
	if now := names(t, filepath.Dir(file)); len(now) != entries {
		t.Errorf("beside the file there is now: %v", now)
	}
	series := strangers(t, w)
	t.Logf("%d hostile requests, 0 writes, %d series, all of the table", len(all), series)
}

func names(t *testing.T, folder string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		found = append(found, e.Name())
	}
	return found
}

// strangers fails for each series that isn't made of the table's routes and
// the known methods, and returns how many there are.
func strangers(t *testing.T, w *world) int {
	t.Helper()
	known := map[string]bool{"other": true}
	for _, r := range table(t) {
		known[strings.TrimSuffix(r.path, "{$}")] = true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for label := range w.labels {
		route, rest, _ := strings.Cut(label, " ")
		method, _, _ := strings.Cut(rest, " ")
		if !known[route] || method != "other" && !slices.Contains(methods, method) {
			t.Errorf("a series is labelled %q", label)
		}
	}
	return len(w.labels)
}

// converse sends raw bytes on a connection of its own, ends its side, and
// returns the statuses of all answers until the server hangs up.
func converse(t *testing.T, network, address, sent string) (codes []int) {
	t.Helper()
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil { // a test that hangs tells nothing
		t.Fatal(err)
	}
	go func() { // the server may answer and hang up before it has read all
		_, _ = io.WriteString(c, sent)
		_ = c.(interface{ CloseWrite() error }).CloseWrite()
	}()
	from := bufio.NewReader(c)
	for {
		answer, err := http.ReadResponse(from, nil)
		if err != nil {
			return codes
		}
		codes = append(codes, answer.StatusCode)
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return codes
		}
	}
}
