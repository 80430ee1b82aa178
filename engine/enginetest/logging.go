package enginetest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"reconciler/engine"
)

// logging is what Logs promises.
var logging = []obligation{
	{"a tail is the last lines", tails(false)},
	{"a tail is the last lines, of a terminal", tails(true)},
	{"a log has what was written to both outputs", bothOutputs},
	{"a log of what never started is empty", emptyLog},
	{"a follow goes on until the process ends", follows(false)},
	{"a follow goes on until the process ends, of a terminal", follows(true)},
	{"a follow without a tail tells nothing of before", followNews},
	{"a follow of what doesn't run ends at its last line", followStopped},
	{"a follow ends with its context", followEnds},
	{"who reads can end a log", readerEnds},
	{"a log that isn't kept is refused, with its driver", muteLog},
	{"a log is not found by a prefix", logExact},
}

// all is a tail that holds everything that a test writes.
const all = 10_000

// read returns what Logs delivers, with a terminal's line ends as plain ones.
func read(t *testing.T, w World, id string, opt engine.LogOptions) string {
	t.Helper()
	var text bytes.Buffer
	must(t, w.Engine().Logs(t.Context(), id, opt, func(chunk []byte) error {
		if len(chunk) == 0 || len(chunk) > 32<<10 {
			t.Errorf("a chunk of %d bytes", len(chunk))
		}
		text.Write(chunk)
		return nil
	}))
	return strings.ReplaceAll(text.String(), "\r\n", "\n")
}

// finished creates a container that says that and has ended.
func finished(t *testing.T, w World, s Spec) (id string) {
	t.Helper()
	l := listen(t, w)
	s.Mode = ModeExit
	id = running(t, w, "job", s)
	l.await(id, engine.ActionDie)
	return id
}

func tails(tty bool) func(*testing.T, World) {
	return func(t *testing.T, w World) {
		said := []string{"one", "two", strings.Repeat("long ", 10_000), "", "five"}
		id := finished(t, w, Spec{Says: said, TTY: tty})
		whole := read(t, w, id, engine.LogOptions{Tail: all})
		if text := strings.Join(said, "\n") + "\n"; !strings.Contains(whole, text) {
			t.Fatalf("it has %d bytes and not what was said: %.80q…", len(whole), whole)
		}
		lines := strings.SplitAfter(whole, "\n")
		lines = lines[:len(lines)-1]
		for tail, want := range map[int]int{-1: 0, 0: 0, 1: 1, 2: 2, all: len(lines)} {
			text := strings.Join(lines[len(lines)-want:], "")
			if got := read(t, w, id, engine.LogOptions{Tail: tail}); got != text {
				t.Errorf("tail %d: %.80q, want %.80q", tail, got, text)
			}
		}
	}
}

func bothOutputs(t *testing.T, w World) {
	id := finished(t, w, Spec{Says: []string{"one", "error two", "three"}})
	whole := "\n" + read(t, w, id, engine.LogOptions{Tail: all})
	for _, line := range []string{"one", "error two", "three"} {
		if strings.Count(whole, "\n"+line+"\n") != 1 {
			t.Errorf("%q is not once in %q", line, whole)
		}
	}
	if strings.Index(whole, "one") > strings.Index(whole, "three") {
		t.Errorf("one output is out of order: %q", whole)
	}
}

func emptyLog(t *testing.T, w World) {
	id := create(t, w, "new", Spec{Says: []string{"nothing"}})
	for _, follow := range []bool{false, true} {
		if got := read(t, w, id, engine.LogOptions{Tail: all, Follow: follow}); got != "" {
			t.Errorf("follow %t: %q, want nothing", follow, got)
		}
	}
}

// following is a Logs with Follow that is under way.
type following struct {
	t     *testing.T
	heard chan []byte
	ended chan error
}

func follow(ctx context.Context, t *testing.T, w World, id string, tail int) *following {
	f := &following{t, make(chan []byte, all), make(chan error, 1)}
	go func() {
		f.ended <- w.Engine().Logs(ctx, id, engine.LogOptions{Tail: tail, Follow: true}, func(chunk []byte) error {
			f.heard <- bytes.Clone(chunk)
			return nil
		})
		close(f.heard)
	}()
	return f
}

// first waits until something was heard.
func (f *following) first() []byte {
	f.t.Helper()
	select {
	case chunk, ok := <-f.heard:
		if ok {
			return chunk
		}
		f.t.Fatalf("it ended with %v before anything was heard", <-f.ended)
	case <-time.After(patience):
		f.t.Fatal("nothing was heard")
	}
	return nil
}

// end waits until it ends, and returns what was heard and its error.
func (f *following) end() (string, error) {
	f.t.Helper()
	select {
	case err := <-f.ended:
		f.ended <- err
		var text bytes.Buffer
		for chunk := range f.heard {
			text.Write(chunk)
		}
		return strings.ReplaceAll(text.String(), "\r\n", "\n"), err
	case <-time.After(patience):
		f.t.Fatal("it goes on")
	}
	return "", nil
}

func follows(tty bool) func(*testing.T, World) {
	return func(t *testing.T, w World) {
		id := running(t, w, "web", Spec{TTY: tty})
		f := follow(t.Context(), t, w, id, all)
		begin := f.first()
		before := read(t, w, id, engine.LogOptions{Tail: all})
		w.HandStop(t, id)
		rest, err := f.end()
		must(t, err)
		got := strings.ReplaceAll(string(begin), "\r\n", "\n") + rest
		after := read(t, w, id, engine.LogOptions{Tail: all})
		if got != after || len(after) <= len(before) {
			t.Errorf("followed %q, want %q, which was %q before it was stopped", got, after, before)
		}
	}
}

func followNews(t *testing.T, w World) {
	id := running(t, w, "web", Spec{})
	before := read(t, w, id, engine.LogOptions{Tail: all})
	f := follow(t.Context(), t, w, id, 0)
	w.HandStop(t, id)
	got, err := f.end()
	must(t, err)
	if after := read(t, w, id, engine.LogOptions{Tail: all}); !strings.HasSuffix(strings.TrimPrefix(after, before), got) {
		t.Errorf("followed %q; there was %q before, and %q in the end", got, before, after)
	}
}

func followStopped(t *testing.T, w World) {
	id := finished(t, w, Spec{Says: []string{"one", "two"}})
	want := read(t, w, id, engine.LogOptions{Tail: 1})
	if got := read(t, w, id, engine.LogOptions{Tail: 1, Follow: true}); got != want || want == "" {
		t.Errorf("%q, want %q", got, want)
	}
}

func followEnds(t *testing.T, w World) {
	id := running(t, w, "web", Spec{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := follow(ctx, t, w, id, all)
	f.first()
	cancel()
	if _, err := f.end(); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func readerEnds(t *testing.T, w World) {
	id, enough := running(t, w, "web", Spec{}), errors.New("enough")
	for _, follow := range []bool{false, true} {
		calls := 0
		err := w.Engine().Logs(t.Context(), id, engine.LogOptions{Tail: all, Follow: follow}, func([]byte) error {
			calls++
			return enough
		})
		if err != enough || calls != 1 {
			t.Errorf("follow %t: error %v after %d calls, want the reader's own after one", follow, err, calls)
		}
	}
}

func muteLog(t *testing.T, w World) {
	id := create(t, w, "web", Spec{Mute: true})
	err := w.Engine().Logs(t.Context(), id, engine.LogOptions{Tail: 1}, func([]byte) error { return nil })
	if !errors.Is(err, engine.ErrInvalid) || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("error %v, want ErrInvalid and the driver", err)
	}
}

func logExact(t *testing.T, w World) {
	id := create(t, w, "web", Spec{})
	if got := read(t, w, inspect(t, w, id).Name, engine.LogOptions{Tail: 1}); got != "" {
		t.Errorf("by its name: %q, want nothing", got)
	}
	err := w.Engine().Logs(t.Context(), id[:12], engine.LogOptions{}, func([]byte) error { return nil })
	if !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
}
