package api

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// clock is one that a test moves.
type clock struct{ now time.Time }

func (c *clock) add(d time.Duration) { c.now = c.now.Add(d) }

func newClock() *clock { return &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func TestGuessingIsToldToWait(t *testing.T) {
	c := newClock()
	f := newFailures(func() time.Time { return c.now })
	count := func(remote string) time.Duration { _, wait := f.count(remote); return wait }
	for i := range maxFailures {
		if wait := count("10.0.0.1:1000"); wait != 0 {
			t.Fatalf("the guess %d must wait %s", i+1, wait)
		}
		c.add(time.Second)
	}
	if wait := count("10.0.0.1:2000"); wait != failureWindow-maxFailures*time.Second {
		t.Errorf("it must wait %s", wait)
	}
	if wait := count("10.0.0.2:1000"); wait != 0 {
		t.Errorf("somebody else must wait %s", wait)
	}
	c.add(failureWindow - maxFailures*time.Second - 1)
	if wait := count("10.0.0.1:1000"); wait != 1 {
		t.Errorf("just before the end it must wait %s", wait)
	}
	c.add(1)
	if wait := count("10.0.0.1:1000"); wait != 0 {
		t.Errorf("after a minute it must wait %s", wait)
	}
}

// TestAGuesserIsHisAddress, and of IPv6 his whole network.
func TestAGuesserIsHisAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"10.0.0.1:1": "10.0.0.1", "[::ffff:10.0.0.1]:2": "10.0.0.1", "[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::/64",
		"[2001:db8:1:2::9]:1": "2001:db8:1:2::/64", "[fe80::1%eth0]:1": "fe80::/64", "[::1]:1": "::/64", "@": "@", "": "",
	} {
		if got := guesser(remote); got != want {
			t.Errorf("%q is %q, not %q", remote, got, want)
		}
	}
}

func TestGuessersAreRememberedWithinBounds(t *testing.T) {
	c := newClock()
	f := newFailures(func() time.Time { return c.now })
	address := func(i int) string { return fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255) }
	const beyond = 500
	for i := range maxRemembered + beyond {
		f.count(address(i))
		c.add(time.Millisecond)
		if len(f.from) > maxRemembered {
			t.Fatalf("%d addresses are remembered", len(f.from))
		}
	}
	if f.from[guesser(address(beyond-1))] != nil || f.from[guesser(address(beyond))] == nil || f.from[guesser(address(maxRemembered+beyond-1))] == nil {
		t.Error("it is not the oldest that is forgotten")
	}
	c.add(failureWindow)
	f.count("192.0.2.1:1")
	if len(f.from) != 1 {
		t.Errorf("%d addresses are remembered though their minute is over", len(f.from))
	}
}

func TestFailuresAreCountedByManyAtOnce(t *testing.T) {
	f := newFailures(time.Now)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 100 {
				f.count(fmt.Sprintf("10.0.0.%d:1", i))
			}
		})
	}
	all.Wait()
	if g := f.from["10.0.0.7"]; g.count != 8 {
		t.Errorf("counted %d", g.count)
	}
}

// TestARightTokenPassesWhileWrongOnesWait: who shares an address with a
// guesser, as behind a proxy, is not shut out by him.
func TestARightTokenPassesWhileWrongOnesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := guarded(t, guardedDoor)
		ask := func(host, target, secret string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", target, nil)
			r.Host = host
			if secret != "" {
				r.Header.Set("Authorization", "Bearer "+secret)
			}
			answer := httptest.NewRecorder()
			w.ServeHTTP(answer, r)
			return answer
		}
		for i := range maxFailures { // wherever they are sent, and for whatever
			host, target, want := "localhost", "/v1/state", 401
			switch i {
			case 0:
				target, want = "/healthz", 200
			case 1:
				host, want = "evil.example", 403
			}
			if answer := ask(host, target, "wrong"); answer.Code != want {
				t.Fatalf("the guess %d: %d %s", i+1, answer.Code, answer.Body)
			}
		}
		// Of the bubble's clock 0.1+0.2+0.4+0.8+1.6+4*2 s have passed.
		<-time.After(500 * time.Millisecond)
		answer := ask("localhost", "/v1/state", "wrong")
		if p := problemOf(t, answer); p.Status != 429 || p.Type != "too_many_failures" {
			t.Errorf("one more: %d %s", p.Status, p.Type)
		}
		if s, err := strconv.Atoi(answer.Header().Get("Retry-After")); err != nil || s != 47 { // 60-11.6-2, rounded up
			t.Errorf("Retry-After: %q", answer.Header().Get("Retry-After"))
		}
		began := time.Now()
		for secret, want := range map[string]int{secretOf(Read): 200, "": 401} {
			if answer := ask("localhost", "/v1/state", secret); answer.Code != want || time.Since(began) != 0 {
				t.Errorf("%q: %d after %s", secret, answer.Code, time.Since(began))
			}
		}
		<-time.After(failureWindow)
		if answer := ask("localhost", "/v1/state", "wrong"); answer.Code != 401 {
			t.Errorf("after a minute: %d", answer.Code)
		}
	})
}

// TestGuessesAreAnsweredEverLater, by whatever way they come: one after the other
// nobody makes more than one in two seconds for long.
func TestGuessesAreAnsweredEverLater(t *testing.T) {
	for name, guess := range map[string]func(w *world) *httptest.ResponseRecorder{
		"the form": func(w *world) *httptest.ResponseRecorder {
			return w.form("POST", "/login", tokenField("wrong-but-quite-long-a-token"), false)
		},
		"a header": func(w *world) *httptest.ResponseRecorder {
			return w.ask("GET", "/v1/state", "", "Authorization", "Bearer wrong")
		},
		"to what is open": func(w *world) *httptest.ResponseRecorder {
			return w.ask("GET", "/login", "", "Authorization", "Bearer wrong")
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := guarded(t, guardedDoor)
			var took []time.Duration
			for range 12 {
				began := time.Now()
				if answer := guess(w); answer.Header().Get("Connection") != "close" {
					t.Errorf("%s: %d keeps its connection", name, answer.Code)
				}
				took = append(took, time.Since(began))
			}
			want := []time.Duration{0, 100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, longestDelay, longestDelay, longestDelay, longestDelay, longestDelay, longestDelay}
			if !slices.Equal(took, want) {
				t.Errorf("%s is answered after %v", name, took)
			}
		})
	}
}

// TestFewAnswersAreDelayedAtOnce: beyond them a wrong token is answered at once,
// and meanwhile everybody else is, at the door of the metrics too.
func TestFewAnswersAreDelayedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.options.Tokens = tokensOf(t)
		api := New(w.options)
		ask := func(d Door, remote, target, secret string) int {
			r := httptest.NewRequest("GET", "http://localhost"+target, nil)
			r.RemoteAddr = remote
			r.Header.Set("Authorization", "Bearer "+secret)
			answer := httptest.NewRecorder()
			api.Handler(d).ServeHTTP(answer, r)
			return answer.Code
		}
		var all sync.WaitGroup
		guess := func(remote string) {
			all.Go(func() {
				if code := ask(guardedDoor, remote, "/v1/state", "wrong"); code != 401 {
					t.Errorf("%s: %d", remote, code)
				}
			})
			synctest.Wait()
		}
		began := time.Now()
		at := func(i int) string { return fmt.Sprintf("10.0.0.%d:1", i) }
		for i := range maxDelayed / maxDelayedEach {
			for range 1 + maxDelayedEach { // the first is answered at once
				guess(at(i))
			}
		}
		for _, c := range []struct {
			door                   Door
			remote, target, secret string
			want                   int
		}{
			{guardedDoor, at(1), "/v1/state", "wrong", 429},
			{guardedDoor, at(200), "/v1/state", "wrong", 401},
			{guardedDoor, at(200), "/v1/state", "wrong", 429},
			{guardedDoor, at(1), "/v1/state", secretOf(Read), 200},
			{guardedDoor, at(1), "/healthz", "wrong", 200},
			{Door{Address: "10.0.0.9:1", Metrics: true}, at(1), "/metrics", "wrong", 200},
			{Door{Address: "10.0.0.9:1", Metrics: true}, at(1), "/healthz", "", 200},
			{Door{Address: "10.0.0.9:1", Metrics: true}, at(1), "/readyz", "", 200},
		} {
			if code := ask(c.door, c.remote, c.target, c.secret); code != c.want || time.Since(began) != 0 {
				t.Errorf("%s for %s with %q: %d after %s", c.remote, c.target, c.secret, code, time.Since(began))
			}
		}
		all.Wait()
		guess(at(201))
		guess(at(201)) // there is room again
		all.Wait()
		if n := len(api.s.failures.delayed); n != 0 {
			t.Errorf("%d places are still taken", n)
		}
	})
}

// TestTheEndWaitsForNoGuess: what is delayed is answered once the program ends.
func TestTheEndWaitsForNoGuess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFailures(time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		for range 5 {
			f.count("10.0.0.1:1")
		}
		cancel()
		began := time.Now()
		if p := f.refuse(ctx, "10.0.0.1:1"); p.Status != 401 || time.Since(began) != 0 {
			t.Errorf("%d after %s", p.Status, time.Since(began))
		}
	})
}
