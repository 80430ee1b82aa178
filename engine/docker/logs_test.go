package docker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/docker/docker/client"

	"reconciler/engine"
)

// frame is one as the engine sends it.
func frame(kind byte, text string) string {
	header := binary.BigEndian.AppendUint32([]byte{kind, 0, 0, 0}, uint32(len(text)))
	return string(header) + text
}

// writes answers to an inspect with a container, and to logs with what it wrote.
func writes(tty bool, logs http.HandlerFunc) http.HandlerFunc {
	body := strings.Replace(inspected, `"AutoRemove":false`, `"LogConfig":{"Type":"gelf"}`, 1)
	if tty {
		body = strings.Replace(body, `"Image"`, `"Tty":true,"Image"`, 1)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/logs") {
			logs(w, r)
			return
		}
		says(200, body)(w, r)
	}
}

// read returns what Logs delivers, and its error.
func read(e *Engine, opt engine.LogOptions) (string, error) {
	var text bytes.Buffer
	err := e.Logs(context.Background(), "4f5e", opt, func(chunk []byte) error {
		text.Write(chunk)
		return nil
	})
	return text.String(), err
}

func TestALogIsWhatTheContainerWrote(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for name, c := range map[string]struct {
		tty        bool
		body, want string
	}{
		"both outputs":             {false, frame(1, "one\n") + frame(2, "two\n") + frame(1, "three\n"), "one\ntwo\nthree\n"},
		"nothing":                  {false, "", ""},
		"an empty frame":           {false, frame(1, "") + frame(1, "one"), "one"},
		"a frame that is long":     {false, frame(1, long) + frame(2, "end"), long + "end"},
		"a terminal":               {true, "one\r\n\x1b[2J", "one\r\n\x1b[2J"},
		"a terminal with a header": {true, frame(1, "one\n"), frame(1, "one\n")},
	} {
		_, e := speak(t, writes(c.tty, says(200, c.body)))
		if got, err := read(e, engine.LogOptions{Tail: 10}); got != c.want || err != nil {
			t.Errorf("%s: %.80q, error %v, want %.80q", name, got, err, c.want)
		}
	}
}

func TestALogAsksForBothOutputsWithoutTimes(t *testing.T) {
	for want, opt := range map[string]engine.LogOptions{
		"stderr=1&stdout=1&tail=0":            {},
		"stderr=1&stdout=1&tail=200":          {Tail: 200},
		"follow=1&stderr=1&stdout=1&tail=0":   {Tail: -1, Follow: true},
		"follow=1&stderr=1&stdout=1&tail=100": {Tail: 100, Follow: true},
	} {
		var asked string
		_, e := speak(t, writes(false, func(_ http.ResponseWriter, r *http.Request) { asked = r.URL.Query().Encode() }))
		if _, err := read(e, opt); err != nil || asked != want {
			t.Errorf("%+v: asked for %s, error %v, want %s", opt, asked, err, want)
		}
	}
}

func TestALogThatCantBeReadSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   error // nil: none of the port's
		text   string
	}{
		"its driver can't": {refuses(501, "configured logging driver does not support reading"), engine.ErrInvalid, `log driver "gelf"`},
		"gone meanwhile":   {refuses(404, "No such container: 4f5e"), engine.ErrNotFound, "logs 4f5e"},
		"the engine can't": {refuses(500, "open: input/output error"), nil, "input/output error"},
		"it gives up":      {says(200, frame(1, "one\n")+frame(3, "Error grabbing logs: invalid character")), nil, "invalid character"},
		"a long excuse":    {says(200, frame(3, strings.Repeat("no ", 1<<20))), nil, "no no"},
		"a cut excuse":     {says(200, frame(3, "Error grabbing logs")[:12]), engine.ErrUnavailable, "logs 4f5e"},
		"not a log":        {says(200, "<html>Welcome</html>"), engine.ErrUnavailable, "no log"},
		"an odd header":    {says(200, "\x01\x00\x01\x00\x00\x00\x00\x01x"), engine.ErrUnavailable, "no log"},
		"hung up": {func(w http.ResponseWriter, _ *http.Request) {
			says(200, frame(1, "one\n"))(w, nil)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, engine.ErrUnavailable, "logs 4f5e"},
	} {
		_, e := speak(t, writes(false, c.answer))
		_, err := read(e, engine.LogOptions{Tail: 10, Follow: true})
		for _, s := range []error{engine.ErrNotFound, engine.ErrConflict, engine.ErrInvalid, engine.ErrUnavailable} {
			if errors.Is(err, s) != (c.want == s) {
				t.Errorf("%s: error %v, want %v", name, err, c.want)
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.text) || len(err.Error()) > 2<<10 {
			t.Errorf("%s: error %.200v, want %q in it, and not the world", name, err, c.text)
		}
	}
}

func TestALogIsNotFoundByAPrefix(t *testing.T) {
	_, e := speak(t, writes(false, says(200, frame(1, "one\n"))))
	for ref, want := range map[string]error{"4f5e": nil, "shop-web-1": nil, "4f5": engine.ErrNotFound, "web": engine.ErrNotFound} {
		if err := verbs(e)["logs"](t.Context(), ref); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", ref, err, want)
		}
	}
}

func TestALogThatIsCutIsNoShorterLog(t *testing.T) {
	whole := frame(1, "one\n") + frame(2, "") + frame(2, "two\n")
	ends := map[int]bool{0: true, 12: true, 20: true, len(whole): true}
	for cut := range len(whole) + 1 {
		d := &demux{frames: bufio.NewReader(iotest.OneByteReader(strings.NewReader(whole[:cut])))}
		got, err := io.ReadAll(d)
		if (err == nil) != ends[cut] || err != nil && err != io.ErrUnexpectedEOF {
			t.Errorf("cut to %d bytes: %q, error %v", cut, got, err)
		}
	}
}

// inBubble is an engine whose logs are what a test writes, in a synctest bubble.
func inBubble(t *testing.T, logs func(*http.Request) (*http.Response, error)) *Engine {
	t.Helper()
	const nowhere = "tcp://127.0.0.1:1"
	e, err := New(Options{Host: nowhere})
	if err != nil {
		t.Fatal(err)
	}
	cli, err := client.NewClientWithOpts(client.WithVersion("1.41"), client.WithHost(nowhere),
		client.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/logs") {
				return logs(r)
			}
			return &http.Response{StatusCode: 200, Request: r, Body: io.NopCloser(strings.NewReader(inspected))}, nil
		})}))
	if err != nil {
		t.Fatal(err)
	}
	e.client.Store(cli)
	return e
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// silent answers, says that, and then nothing more until its request ends.
func silent(text string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		body, w := io.Pipe()
		context.AfterFunc(r.Context(), func() { w.CloseWithError(r.Context().Err()) })
		go func() { _, _ = io.WriteString(w, text) }()
		return &http.Response{StatusCode: 200, Request: r, Body: body}, nil
	}
}

// mute never answers.
func mute(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestALogHasADeadlineButForSilenceWhileItIsFollowed(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		follow bool
		lasts  time.Duration
		want   error
	}{
		"no answer":                 {mute, false, logDeadline, engine.ErrUnavailable},
		"no answer to a follow":     {mute, true, logDeadline, engine.ErrUnavailable},
		"silence":                   {silent(frame(1, "one")), false, logDeadline, engine.ErrUnavailable},
		"silence while it follows":  {silent(frame(1, "one")), true, 24 * time.Hour, context.DeadlineExceeded},
		"nothing while it follows":  {silent(""), true, 24 * time.Hour, context.DeadlineExceeded},
		"a frame that doesn't come": {silent(frame(1, "one")[:9]), true, 24 * time.Hour, context.DeadlineExceeded},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := inBubble(t, c.answer)
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			defer cancel()
			err := e.Logs(ctx, "4f5e", engine.LogOptions{Tail: 1, Follow: c.follow}, func([]byte) error { return nil })
			if took := time.Since(began); !errors.Is(err, c.want) || took != c.lasts {
				t.Errorf("%s: error %v after %s, want %v after %s", name, err, took, c.want, c.lasts)
			}
			cancel()
			synctest.Wait()
		})
	}
}

func TestManyFollowersHoldUpNoReadAndNoReaderHoldsTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole := false // what a log has to say, and whether it ends there
		e := inBubble(t, func(r *http.Request) (*http.Response, error) {
			if whole {
				return &http.Response{StatusCode: 200, Request: r, Body: io.NopCloser(strings.NewReader(frame(1, "one")))}, nil
			}
			return silent(frame(1, "one"))(r)
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, maxFollows)
		for range maxFollows {
			go func() {
				ended <- e.Logs(ctx, "4f5e", engine.LogOptions{Tail: 1, Follow: true}, func([]byte) error { return nil })
			}()
		}
		synctest.Wait()
		if _, err := e.Inspect(t.Context(), "4f5e"); err != nil {
			t.Errorf("inspect: %v", err)
		}
		whole = true
		if got, err := read(e, engine.LogOptions{Tail: 1}); err != nil || got != "one" {
			t.Errorf("a log that has an end: %q, error %v", got, err)
		}
		began := time.Now()
		_, err := read(e, engine.LogOptions{Tail: 1, Follow: true})
		if took := time.Since(began); !errors.Is(err, engine.ErrBusy) || errors.Is(err, engine.ErrUnavailable) || took != 0 || !strings.Contains(err.Error(), "16 logs are followed") {
			t.Errorf("one more that follows: error %v after %s, want ErrBusy at once, and why", err, took)
		}
		cancel()
		for range maxFollows {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("a follower: error %v, want context.Canceled", err)
			}
		}
		slow := errors.New("slow, and has enough")
		err = e.Logs(t.Context(), "4f5e", engine.LogOptions{Tail: 1}, func([]byte) error {
			<-time.After(10 * logDeadline) // of the bubble
			return slow
		})
		if err != slow {
			t.Errorf("a slow reader: error %v, want its own", err)
		}
	})
}

// TestSlowReadersOfLogsAreToldFromAnEngineThatIsNotThere: who waits for them in
// vain hears of them, and of no engine.
func TestSlowReadersOfLogsAreToldFromAnEngineThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := inBubble(t, silent(frame(1, "one")))
		goOn := make(chan struct{})
		ended := make(chan error, maxLogs)
		for range maxLogs {
			go func() {
				ended <- e.Logs(t.Context(), "4f5e", engine.LogOptions{Tail: 1}, func([]byte) error { <-goOn; return io.ErrClosedPipe })
			}()
		}
		synctest.Wait()
		began := time.Now()
		_, err := read(e, engine.LogOptions{Tail: 1})
		if took := time.Since(began); !errors.Is(err, engine.ErrBusy) || errors.Is(err, engine.ErrUnavailable) || took != logDeadline {
			t.Errorf("error %v after %s, want ErrBusy after %s", err, took, logDeadline)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := e.Logs(ctx, "4f5e", engine.LogOptions{Tail: 1}, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("who has gone: error %v", err)
		}
		close(goOn)
		for range maxLogs {
			if err := <-ended; !errors.Is(err, io.ErrClosedPipe) {
				t.Error(err)
			}
		}
	})
}

func FuzzDemux(f *testing.F) {
	f.Add([]byte(frame(1, "one\n") + frame(2, "two\n")))
	f.Add([]byte(frame(3, "Error grabbing logs")))
	f.Add([]byte("\x01\x00\x00\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		text, err := io.ReadAll(&demux{frames: bufio.NewReader(bytes.NewReader(answer))})
		if len(text) > len(answer) {
			t.Errorf("%d bytes out of %d", len(text), len(answer))
		}
		if err == nil && len(answer)-len(text) < len("header--") && len(answer) > 0 {
			t.Errorf("%q was read as %q without a header", answer, text)
		}
	})
}
