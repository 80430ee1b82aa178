package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"reconciler/desired"
	"reconciler/internal/rendering"
	"reconciler/reconcile"
)

// asked counts how often all is asked for.
type asked struct {
	*fakeLoop
	overviews atomic.Int64
}

func (a *asked) Known() reconcile.Known {
	a.overviews.Add(1)
	return a.fakeLoop.Known()
}

func TestAllReadersAreGivenOneRenderingUntilSomethingChanges(t *testing.T) {
	w := newWorld(t)
	loop := &asked{fakeLoop: w.loop}
	w.options.Loop = loop
	w.Handler = Handler(w.options)
	read := func() string {
		answer := w.ask("GET", "/v1/services", "")
		if answer.Code != 200 {
			t.Fatalf("%d %s", answer.Code, answer.Body)
		}
		return answer.Body.String()
	}
	before := read()
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			if read() != before {
				t.Error("nothing changed, and another answer was given")
			}
		})
	}
	all.Wait()
	if n := loop.overviews.Load(); n != 1 {
		t.Errorf("65 readers made %d overviews", n)
	}
	w.loop.change("web", func(n *reconcile.Tracked) { n.Message = "something else" })
	if after := read(); !strings.Contains(after, "something else") {
		t.Errorf("after a change: %s", after)
	}
	// Also where the loop has not heard of it yet.
	if answer := w.ask("PUT", "/v1/services/db/state", `{"state":"running"}`); answer.Code != 202 {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	n := loop.overviews.Load()
	read()
	if loop.overviews.Load() == n {
		t.Error("after an edit the answer from before it was given")
	}
	for _, path := range []string{"/v1/state", "/v1/revisions", "/v1/plan"} {
		if answer := w.ask("GET", path, ""); answer.Code != 200 || answer.Header().Get("Content-Length") != fmt.Sprint(answer.Body.Len()) {
			t.Errorf("%s: %d %v", path, answer.Code, answer.Header())
		}
	}
}

// editing is a file whose edits wait.
type editing struct {
	*fakeState
	now, most atomic.Int64
	hold      chan struct{}
}

func (e *editing) Change(p desired.Proposal, by desired.EditBy) (desired.Snapshot, bool, error) {
	e.most.Store(max(e.most.Load(), e.now.Add(1)))
	defer e.now.Add(-1)
	<-e.hold
	return e.fakeState.Change(p, by)
}

// put sends a body that is read from.
func put(h http.Handler, target, kind string, length int64, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest("PUT", "http://localhost"+target, body)
	r.Header.Set("Content-Type", kind)
	r.ContentLength = length
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer
}

// TestLargeBodiesAreUsedOneAtATime while small ones wait for none of them.
func TestLargeBodiesAreUsedOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		e := &editing{fakeState: w.state, hold: make(chan struct{})}
		w.options.State = e
		h := Handler(w.options)
		text := document + strings.Repeat("# a word\n", 1000)
		var all sync.WaitGroup
		codes := make(chan int, 5)
		for range 5 {
			all.Go(func() {
				codes <- put(h, "/v1/state", typeYAML, int64(len(text)), strings.NewReader(text)).Code
			})
		}
		synctest.Wait()
		if n := e.now.Load(); n != 1 {
			t.Errorf("%d large bodies are used at once", n)
		}
		all.Go(func() {
			if code := put(h, "/v1/services/web/state", typeText, 7, strings.NewReader("stopped")).Code; code != 202 {
				t.Errorf("a flip: %d", code)
			}
		})
		synctest.Wait()
		if n := e.now.Load(); n != 2 {
			t.Errorf("the flip waits for the large ones: %d are under way", n)
		}
		close(e.hold)
		all.Wait()
		close(codes)
		for code := range codes {
			if code != 200 && code != 202 {
				t.Errorf("a large one: %d", code)
			}
		}
	})
}

// stuck is a body that comes no further.
type stuck chan struct{}

func (s stuck) Read([]byte) (int, error) { <-s; return 0, io.ErrUnexpectedEOF }

func TestUploadsHoldABoundedRoomAndNoFlipUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := Handler(w.options)
		slow := make(stuck)
		var all sync.WaitGroup
		for range roomForBodies / maxBody {
			all.Go(func() {
				if answer := put(h, "/v1/state", typeYAML, maxBody, slow); answer.Code != 400 {
					t.Errorf("what broke off: %d %s", answer.Code, answer.Body)
				}
			})
		}
		synctest.Wait()
		answer := put(h, "/v1/state", typeYAML, maxBody, slow)
		if p := problemOf(t, answer); p.Status != 503 || p.Type != "busy" || answer.Header().Get("Retry-After") != "1" {
			t.Errorf("one more: %+v %v", p, answer.Header())
		}
		if answer := put(h, "/v1/services/web/state", typeText, 7, strings.NewReader("stopped")); answer.Code != 202 {
			t.Errorf("a flip: %d %s", answer.Code, answer.Body)
		}
		close(slow)
		all.Wait()
		text := document + strings.Repeat("# a word\n", 1000)
		if answer := put(h, "/v1/state", typeYAML, int64(len(text)), strings.NewReader(text)); answer.Code/100 != 2 {
			t.Errorf("once they have gone: %d %s", answer.Code, answer.Body)
		}
	})
}

// TestABodyThatWaitsForNothingIsUsedThoughItsSenderHasGone, or has only shut its
// half of the connection: he hears what became of it, and not that we are busy.
func TestABodyThatWaitsForNothingIsUsedThoughItsSenderHasGone(t *testing.T) {
	all := newUploads()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // by chance it would be right now and then
		u := &upload{all: all}
		if err := u.use(gone); err != nil {
			t.Fatal(err)
		}
		u.leave()
	}
	waits := &upload{all: all}
	if err := waits.use(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := (&upload{all: all}).use(gone); err == nil {
		t.Error("two are used at once")
	}
}

func TestWhoShowsNothingSendsLittle(t *testing.T) {
	w := newWorld(t)
	answer := w.ask("POST", "/login", "token="+strings.Repeat("x", smallBody), "Content-Type", typeForm)
	if p := problemOf(t, answer); p.Status != 413 || !strings.Contains(p.Detail, fmt.Sprint(smallBody)) {
		t.Errorf("%+v", p)
	}
}

// TestAnEditThatFindsNoRoomForItsAnswerSaysThatItIsMade keeps all readers of
// large answers busy.
func TestAnEditThatFindsNoRoomForItsAnswerSaysThatItIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := newServer(w.options)
		busy := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			r := httptest.NewRequest("GET", "/", nil)
			_ = large{press: s.answers, status: 200, fill: writtenAfter(busy)}.write(httptest.NewRecorder(), r)
		})
		synctest.Wait()
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(open, w, r) })
		answer := put(h, "/v1/services/state", typeJSON, 16, strings.NewReader(`{"db":"running"}`))
		if p := problemOf(t, answer); p.Status != 503 || !strings.HasPrefix(p.Detail, "what was asked is done") {
			t.Errorf("%+v", p)
		}
		if db, _ := w.state.Snapshot().Document.Service("db"); db.State != desired.Running {
			t.Errorf("it isn't: %s", db.State)
		}
		close(busy)
		all.Wait()
	})
}

func TestABacklogOfEventsIsToldInOrderAFewAtATime(t *testing.T) {
	h := reconcile.NewHistory("boot", 200)
	w := newWorld(t)
	w.options.History = h
	s := newServer(w.options)
	for i := range 3*atOnce + 7 {
		h.Record(reconcile.Event{Kind: reconcile.KindDrift, Service: fmt.Sprint("s", i)})
	}
	answer := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/v1/events", nil)
	last, err := s.tell(s.streaming(answer, r), "boot-0", func(reconcile.Entry) bool { return true })
	if err != nil || last != h.Last() || strings.Count(answer.Body.String(), "event: drift\n") != 3*atOnce+7 ||
		!strings.HasPrefix(answer.Body.String(), "id: boot-1\n") || strings.Contains(answer.Body.String(), gap) {
		t.Errorf("up to %s: %v: %s", last, err, answer.Body)
	}
}

// writtenAfter is an empty answer that isn't written before told is closed.
func writtenAfter(told chan struct{}) func(io.Writer) (rendering.Made, error) {
	return func(io.Writer) (rendering.Made, error) { <-told; return rendering.Made{}, nil }
}
