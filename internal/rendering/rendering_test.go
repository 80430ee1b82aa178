package rendering

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// text is an answer that says which it is, and how it was made.
func text(said string, m Made) func(io.Writer) (Made, error) {
	return func(w io.Writer) (Made, error) {
		_, err := io.WriteString(w, said)
		return m, err
	}
}

// read returns what an order is answered with, and ends the reading.
func read(t *testing.T, p *Press, o Order) string {
	t.Helper()
	n, err := p.Make(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	var b bytes.Buffer
	if _, err := n.WriteTo(&b); err != nil || int64(b.Len()) != n.Size() {
		t.Fatalf("%d bytes of %d: %v", b.Len(), n.Size(), err)
	}
	return b.String()
}

func TestAnswersAreMadeOneAtATimeAndSharedByAllWhoWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(1 << 20)
		var now, most, made atomic.Int64
		first, go1 := make(chan struct{}), make(chan struct{})
		write := func(w io.Writer) (Made, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			n := made.Add(1)
			if n == 1 {
				close(first)
				<-go1
			}
			_, err := io.WriteString(w, strconv.FormatInt(n, 10))
			return Made{}, err
		}
		var all sync.WaitGroup
		got := make(chan string, 65)
		ask := func() { all.Go(func() { got <- read(t, p, Order{Key: "a", Write: write}) }) }
		ask()
		<-first
		for range 64 {
			ask()
		}
		synctest.Wait() // all of them wait
		close(go1)
		all.Wait()
		close(got)
		said := map[string]int{}
		for s := range got {
			said[s]++
		}
		// The first is not for those who came after it was begun; the second is.
		if said["1"] != 1 || said["2"] != 64 || most.Load() != 1 {
			t.Errorf("answers %v, %d at once", said, most.Load())
		}
	})
}

func TestWhoAsksLaterIsGivenAnAnswerOnlyWhileItHolds(t *testing.T) {
	p := New(1 << 20)
	holds := true
	still := Made{Still: func() bool { return holds }}
	for i, step := range []struct {
		holds bool
		key   string
		want  string
	}{{true, "a", "0"}, {true, "a", "0"}, {true, "b", "2"}, {false, "a", "3"}, {true, "a", "3"}, {true, "", "5"}, {true, "", "6"}} {
		holds = step.holds
		if got := read(t, p, Order{Key: step.key, Write: text(strconv.Itoa(i), still)}); got != step.want {
			t.Errorf("step %d: %s, want %s", i, got, step.want)
		}
	}
	if got := read(t, p, Order{Key: "once", Write: text("x", Made{})}) + read(t, p, Order{Key: "once", Write: text("y", Made{})}); got != "xy" {
		t.Errorf("what nobody says still holds was given to who asked later: %s", got)
	}
}

func TestAClientThatHasGoneWaitsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(1 << 20)
		busy := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			_ = read(t, p, Order{Write: func(io.Writer) (Made, error) { <-busy; return Made{}, nil }})
		})
		synctest.Wait()
		ctx, gone := context.WithCancel(t.Context())
		all.Go(func() {
			if _, err := p.Make(ctx, Order{Write: text("a", Made{})}); !errors.Is(err, context.Canceled) {
				t.Errorf("the one that has gone: %v", err)
			}
		})
		all.Go(func() {
			if _, err := p.Make(t.Context(), Order{Write: text("b", Made{})}); !errors.Is(err, ErrBusy) {
				t.Errorf("the one that waits longer than %s: %v", Patience, err)
			}
		})
		synctest.Wait()
		gone()
		synctest.Wait() // and the clock goes on until the patience is over
		<-timeOut(t)
		close(busy)
		all.Wait()
	})
}

// timeOut is closed after the patience of whoever waits now.
func timeOut(t *testing.T) <-chan struct{} {
	ctx, cancel := context.WithTimeout(context.Background(), 2*Patience)
	t.Cleanup(cancel)
	return ctx.Done()
}

// noise is an answer that can't be packed.
func noise(size int) func(io.Writer) (Made, error) {
	return func(w io.Writer) (Made, error) {
		var seed [32]byte
		_, err := io.CopyN(w, rand.NewChaCha8(seed), int64(size))
		return Made{}, err
	}
}

func TestWhatIsReadHasABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(100 << 10)
		kept, err := p.Make(t.Context(), Order{Key: "kept", Write: noise(40 << 10)})
		if err != nil {
			t.Fatal(err)
		}
		kept.Close() // it is kept, and gives way to what is read
		var reading []*Print
		for len(reading) < 3 {
			n, err := p.Make(t.Context(), Order{Write: noise(32 << 10)})
			if err != nil {
				t.Fatal(err)
			}
			reading = append(reading, n)
		}
		if _, err := p.Make(t.Context(), Order{Write: noise(32 << 10)}); !errors.Is(err, ErrBusy) {
			t.Errorf("a fourth: %v", err)
		}
		reading[0].Close()
		n, err := p.Make(t.Context(), Order{Write: noise(32 << 10)})
		if err != nil {
			t.Errorf("once one has gone: %v", err)
		}
		for _, n := range append(reading[1:], n) {
			n.Close()
		}
		n, err = p.Make(t.Context(), Order{Write: noise(1 << 20)}) // larger than all of it
		if err != nil {
			t.Fatal(err)
		}
		n.Close()
	})
}

func TestAFailedAnswerHoldsNothing(t *testing.T) {
	p := New(10)
	for range 100 {
		if _, err := p.Make(t.Context(), Order{Key: "a", Write: func(w io.Writer) (Made, error) {
			_, _ = io.WriteString(w, "half of it")
			return Made{}, io.ErrUnexpectedEOF
		}}); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
	}
	if got := read(t, p, Order{Key: "a", Write: text("whole", Made{})}); got != "whole" {
		t.Errorf("after it: %q", got)
	}
}

func TestAnAnswerGoesPackedToWhoTakesThat(t *testing.T) {
	p := New(1 << 20)
	n, err := p.Make(t.Context(), Order{Write: text("the answer", Made{Tag: `"7"`})})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	for accept, packed := range map[string]bool{
		"": false, "gzip": true, "br, gzip;q=0.5": true, "gzip;q=0": false, "*": true,
		"*, gzip;q=0.0": false, "identity": false, "GZIP ; Q=1": true, "gzip;q=x": false, "gzip;q=0, *": false, "deflate": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if accept != "" {
			r.Header.Set("Accept-Encoding", accept)
		}
		w := httptest.NewRecorder()
		n.Serve(w, r, http.StatusOK, true)
		var body io.Reader = w.Body
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("%q: packed %v", accept, got)
		}
		if w.Header().Get("Content-Length") != strconv.Itoa(w.Body.Len()) || w.Header().Get("Vary") != "Accept-Encoding" || w.Header().Get("ETag") != `"7"` {
			t.Errorf("%q: %v for %d bytes", accept, w.Header(), w.Body.Len())
		}
		if packed {
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		if text, err := io.ReadAll(body); string(text) != "the answer" || err != nil {
			t.Errorf("%q: %q, %v", accept, text, err)
		}
	}
	w := httptest.NewRecorder()
	n.Serve(w, httptest.NewRequest(http.MethodHead, "/", nil), http.StatusOK, false)
	if w.Body.Len() != 0 || w.Header().Get("Content-Length") != "10" {
		t.Errorf("HEAD: %d bytes, %v", w.Body.Len(), w.Header())
	}
}
