package api

import (
	"fmt"
	"net/http/httptest"
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
	for i := range maxFailures {
		if wait := f.count("10.0.0.1:1000"); wait != 0 {
			t.Fatalf("the guess %d must wait %s", i+1, wait)
		}
		c.add(time.Second)
	}
	if wait := f.count("10.0.0.1:2000"); wait != failureWindow-maxFailures*time.Second {
		t.Errorf("it must wait %s", wait)
	}
	if wait := f.count("10.0.0.2:1000"); wait != 0 {
		t.Errorf("somebody else must wait %s", wait)
	}
	c.add(failureWindow - maxFailures*time.Second - 1)
	if wait := f.count("10.0.0.1:1000"); wait != 1 {
		t.Errorf("just before the end it must wait %s", wait)
	}
	c.add(1)
	if wait := f.count("10.0.0.1:1000"); wait != 0 {
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
	for i := range 3 * maxRemembered {
		f.count(address(i))
		c.add(time.Millisecond)
		if len(f.from) > maxRemembered {
			t.Fatalf("%d addresses are remembered", len(f.from))
		}
	}
	if f.from[guesser(address(3*maxRemembered-1))] == nil || f.from[guesser(address(0))] != nil {
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
		<-time.After(500 * time.Millisecond) // of the bubble's clock
		answer := ask("localhost", "/v1/state", "wrong")
		if p := problemOf(t, answer); p.Status != 429 || p.Type != "too_many_failures" {
			t.Errorf("one more: %d %s", p.Status, p.Type)
		}
		if s, err := strconv.Atoi(answer.Header().Get("Retry-After")); err != nil || s != 60 {
			t.Errorf("Retry-After: %q", answer.Header().Get("Retry-After"))
		}
		for secret, want := range map[string]int{secretOf(Read): 200, "": 401} {
			if answer := ask("localhost", "/v1/state", secret); answer.Code != want {
				t.Errorf("%q: %d", secret, answer.Code)
			}
		}
		<-time.After(failureWindow)
		if answer := ask("localhost", "/v1/state", "wrong"); answer.Code != 401 {
			t.Errorf("after a minute: %d", answer.Code)
		}
	})
}
