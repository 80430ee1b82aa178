package api

import (
	"errors"
	"io/fs"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/internal/deaddisk"
)

// TestFewLooksAreLeftWithoutAnAnswer, however many ask, and once there is an
// answer again everybody gets it.
func TestFewLooksAreLeftWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l looks
		var begun atomic.Int32
		dead := make(chan struct{})
		ask := func() (int, error) {
			return look(&l, "read x", func() (int, error) { begun.Add(1); <-dead; return 7, nil })
		}
		crowd := func(n int) {
			t.Helper()
			refused := make(chan error, n)
			began := time.Now()
			for range n {
				go func() { _, err := ask(); refused <- err }()
			}
			for range n {
				if err := <-refused; err == nil || !strings.Contains(err.Error(), "read x: no answer within 2s") {
					t.Fatalf("told %v", err)
				}
			}
			if took := time.Since(began); took > lookPatience {
				t.Errorf("waited for %s", took)
			}
		}
		crowd(1000)
		if n := begun.Load(); n != maxLooks {
			t.Errorf("%d looks were begun for 1000 who asked at once, want %d", n, maxLooks)
		}
		crowd(1000)
		if n := begun.Load(); n != maxLooks {
			t.Errorf("%d looks after 1000 more, want still %d", n, maxLooks)
		}
		for range 100 {
			time.Sleep(lookAgain)
			crowd(3)
		}
		if n := begun.Load(); n != maxUnanswered {
			t.Errorf("%d looks are left in the end, want %d", n, maxUnanswered)
		}
		close(dead)
		synctest.Wait()
		for range 10 {
			if got, err := ask(); got != 7 || err != nil {
				t.Errorf("once there is an answer: %d, %v", got, err)
			}
		}
		synctest.Wait() // the last look tells its answer before it ends
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.under != 0 || l.unanswered != 0 {
			t.Errorf("%d are under way, %d unanswered; want none", l.under, l.unanswered)
		}
	})
}

// turnTo makes path a link to what is there.
func turnTo(t *testing.T, path, there string) {
	t.Helper()
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.Symlink(there, path); err != nil {
		t.Fatal(err)
	}
}

func TestATokenFileOnADeadDiskIsToldAndKeepsNobody(t *testing.T) {
	disk, revive := deaddisk.Mount(t)
	w := newWorld(t)
	good := filepath.Join(t.TempDir(), "good")
	writeFile(t, good, tokenLine("panel", Read, secretOf(Read)))
	path := filepath.Join(t.TempDir(), "tokens")
	turnTo(t, path, good)
	var err error
	if w.options.Tokens, err = OpenTokens(path, nil); err != nil {
		t.Fatal(err)
	}
	w.options.Tokens.looks.patience = 50 * time.Millisecond
	api := New(w.options)
	ready := func() string { return strings.Join(api.s.unready(), "\n") }
	if why := ready(); strings.Contains(why, "token") {
		t.Fatalf("before: %s", why)
	}
	turnTo(t, path, filepath.Join(disk, "tokens"))
	for range 100 {
		if _, err := w.options.Tokens.find(secretOf(Read)); !errors.Is(err, ErrTokens) || !strings.Contains(err.Error(), "no answer within") {
			t.Fatalf("a token is %v", err)
		}
	}
	if n := w.options.Tokens.looks.unanswered; n != 1 {
		t.Errorf("100 in a row left %d looks, want 1", n)
	}
	if why := ready(); !strings.Contains(why, "nobody gets in by a token") || !strings.Contains(why, path) {
		t.Errorf("it says of being ready: %q", why)
	}
	revive()
	turnTo(t, path, good)
	for end := time.Now().Add(20 * time.Second); ; { // until the kernel has let go of the one that is left
		if _, err = w.options.Tokens.find(secretOf(Read)); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("with the file back a token is ", err)
		}
	}
	if why := ready(); strings.Contains(why, "token") {
		t.Errorf("with the file back: %s", why)
	}
}

func TestATokenFileThatIsGoneIsNotReady(t *testing.T) {
	w := newWorld(t)
	w.options.Tokens = tokensOf(t)
	if err := os.Remove(w.options.Tokens.path); err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	New(w.options).Handler(Door{Address: "127.0.0.1:0", Metrics: true}).ServeHTTP(answer, httptest.NewRequest("GET", "/readyz", nil))
	if text := answer.Body.String(); answer.Code != 503 || !strings.Contains(text, "nobody gets in by a token") || !strings.Contains(text, w.options.Tokens.path) {
		t.Errorf("/readyz is %d: %s", answer.Code, text)
	}
}

func TestACertificateOnADeadDiskIsTold(t *testing.T) {
	disk, _ := deaddisk.Mount(t)
	f := newWebFolder(t)
	var told []string
	watch := newWebWatch(f.config(t, webConfig), func(text string) { told = append(told, text) })
	watch.looks.patience = 50 * time.Millisecond
	turnTo(t, f.path("server.pem"), filepath.Join(disk, "server.pem"))
	for range 5 {
		watch.look(time.Now())
	}
	if why := watch.trouble(); !strings.Contains(why, "no answer within") || len(told) != 1 {
		t.Errorf("trouble: %q; told %q, want once", why, told)
	}
}

// TestWhatIsStillWorkedForKeepsItsPlace: a connection that was hung up on in the
// middle of something that doesn't end, such as reading a certificate from a
// dead disk, is waited for once there are many, so that they are not without end.
func TestWhatIsStillWorkedForKeepsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 3
		c := limited(listenerOf{}, limits{most, most}, func(string) {})
		var entered []*connection
		come := func() {
			_, ours := net.Pipe()
			entered = append(entered, c.enter(ours))
		}
		for range 2 * most {
			come()
		}
		done := make(chan struct{})
		go func() { defer close(done); come() }()
		select {
		case <-done:
			t.Fatalf("%d came in while none of %d had ended", 2*most+1, 2*most)
		case <-time.After(time.Hour):
		}
		if err := entered[0].Close(); err != nil {
			t.Error(err)
		}
		<-done
		for _, one := range entered {
			_ = one.Close()
		}
		if c.lingering != 0 || len(c.held) != 0 {
			t.Errorf("%d linger and %d are held in the end", c.lingering, len(c.held))
		}
	})
}

// listenerOf is a listener that is only asked where it is.
type listenerOf struct{ net.Listener }

func (listenerOf) Addr() net.Addr { return &net.UnixAddr{Name: "/nowhere", Net: "unix"} }
