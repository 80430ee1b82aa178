package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/engine"
	"reconciler/reconcile"
	"reconciler/reconcile/plan"
)

// fakeLogs delivers chunks and then ends with an error, or, where it is asked
// to follow, when its context does.
type fakeLogs struct {
	chunks []string
	err    error
	asked  string // what was asked for, in words

	endless bool         // the chunks come again and again
	held    atomic.Int64 // for how long it was read, in ns
}

func (l *fakeLogs) Logs(ctx context.Context, id string, opt engine.LogOptions, deliver func([]byte) error) error {
	l.asked = fmt.Sprintf("%s %d %v", id, opt.Tail, opt.Follow)
	began := time.Now()
	defer func() { l.held.Store(int64(time.Since(began))) }()
	for again := true; again; again = l.endless {
		for _, chunk := range l.chunks {
			if err := deliver([]byte(chunk)); err != nil {
				return err
			}
			if l.endless && ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	if opt.Follow && l.err == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	return l.err
}

// withContainers gives web a second container.
func withContainers(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.loop.change("web", func(n *reconcile.Tracked) {
		n.Containers = append(n.Containers, shownContainer("id2", "shop-web-2"))
	})
	return w
}

func shownContainer(id, name string) reconcile.Container {
	return reconcile.Container{ID: id, Name: name, Image: "web:1", State: engine.StateRunning, PID: 7, Ports: []engine.Port{{Host: 80, Container: 8080, Protocol: "tcp"}}}
}

func TestALogIsToldAsItWasAskedFor(t *testing.T) {
	for _, c := range []struct {
		target string
		code   int
		asked  string // of the engine; empty: nothing
		says   string
	}{
		{"web/logs", 200, "id1 200 false", ""},
		{"web/logs?tail=0", 200, "id1 0 false", ""},
		{"web/logs?tail=10000&follow=false", 200, "id1 10000 false", ""},
		{"web/logs?container=shop-web-2&tail=7", 200, "id2 7 false", ""},
		{"web/logs?follow=true", 200, "id1 200 true", ""},
		{"web/logs?tail=10001", 400, "", "10000"},
		{"web/logs?tail=-1", 400, "", "10000"},
		{"web/logs?tail=%2b1", 400, "", "10000"},
		{"web/logs?tail=1e3", 400, "", "10000"},
		{"web/logs?tail=99999999999999999999", 400, "", "10000"},
		{"web/logs?tail=", 400, "", "10000"},
		{"web/logs?tail=all", 400, "", "10000"},
		{"web/logs?follow=1", 400, "", "follow"},
		{"web/logs?follow", 400, "", "follow"},
		{"web/logs?since=1h", 400, "", "since"},
		{"web/logs?container=shop-web-3", 404, "", `did you mean "shop-web-`},
		{"web/logs?container=", 404, "", `""`},
		{"web/logs?container=id1", 404, "", "no container"},
		{"web/logs?container=%1b%5b2J%e2%80%ae", 404, "", `"\x1b[2J\u202e"`},
		{"wbe/logs", 404, "", `did you mean "web"`},
		{"db/logs", 409, "", "no container"},
		{"db/logs?container=shop-web-1", 404, "", "no container"},
	} {
		w := withContainers(t)
		w.logs.chunks = []string{"a line\n", "\x1b[31mand half"}
		answer := w.ask("GET", "/v1/services/"+c.target, "")
		if answer.Code != c.code || w.logs.asked != c.asked {
			t.Errorf("%s: %d, the engine was asked %q: %s", c.target, answer.Code, w.logs.asked, answer.Body)
			continue
		}
		if c.code != 200 {
			if p := problemOf(t, answer); !strings.Contains(p.Detail, c.says) {
				t.Errorf("%s: %s", c.target, p.Detail)
			}
			continue
		}
		if kind := answer.Header().Get("Content-Type"); answer.Body.String() != "a line\n\x1b[31mand half" || kind != "text/plain; charset=utf-8" {
			t.Errorf("%s: %s %q", c.target, kind, answer.Body)
		}
	}
}

func TestAnEmptyLogIsNoError(t *testing.T) {
	answer := withContainers(t).ask("GET", "/v1/services/web/logs", "")
	if kind := answer.Header().Get("Content-Type"); answer.Code != http.StatusOK || answer.Body.Len() > 0 || kind != "text/plain; charset=utf-8" {
		t.Errorf("%d %s %q", answer.Code, kind, answer.Body)
	}
}

func TestALogThatCantBeReadIsAProblem(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{engine.ErrNotFound, 409}, {engine.ErrConflict, 409}, {engine.ErrInvalid, 409}, {engine.ErrUnavailable, 503}, {engine.ErrBusy, 503}, {errors.New("x"), 500},
	} {
		w := withContainers(t)
		w.logs.err = fmt.Errorf("logs of shop-web-1: %w", c.err)
		if p := problemOf(t, w.ask("GET", "/v1/services/web/logs", "")); p.Status != c.want || !strings.Contains(p.Detail, "shop-web-1") {
			t.Errorf("%v: %d %s", c.err, p.Status, p.Detail)
		} else if c.want == 503 && (p.Type == "engine_unavailable") != (c.err == engine.ErrUnavailable) {
			t.Errorf("%v is told as %s", c.err, p.Type)
		}
	}
	w := newWorld(t)
	for _, c := range []struct {
		status plan.Status
		reason plan.Reason
		want   int
		kind   string
		says   string
	}{
		{plan.StatusUnknown, plan.ReasonEngineDown, 503, "engine_unavailable", "engine unavailable"},
		{plan.StatusUnknown, plan.ReasonNotHeld, 503, "state_unheld", "why nobody knows"},
		{plan.StatusUnknown, plan.ReasonRetry, 409, "refused", "why nobody knows"},
		{plan.StatusMissing, plan.ReasonMissing, 409, "refused", "it has no container"},
	} {
		w.loop.change("web", func(n *reconcile.Tracked) {
			n.Containers, n.Status, n.Message = []reconcile.Container{}, c.status, "why nobody knows"
			n.Conditions = []reconcile.Condition{{Type: reconcile.Ready, Status: "False", Reason: string(c.reason)}}
		})
		p := problemOf(t, w.ask("GET", "/v1/services/web/logs", ""))
		if p.Status != c.want || p.Type != c.kind || !strings.Contains(p.Detail, c.says) || c.status == plan.StatusUnknown && strings.Contains(p.Detail, "no container") {
			t.Errorf("%s, %s: %d %s: %s", c.status, c.reason, p.Status, p.Type, p.Detail)
		}
	}
}

// TestHalfALogIsNotTakenForAWholeOne: the client hears that it was cut off.
func TestHalfALogIsNotTakenForAWholeOne(t *testing.T) {
	for name, end := range map[string]error{"whole": nil, "half": engine.ErrUnavailable} {
		synctest.Test(t, func(t *testing.T) {
			w := withContainers(t)
			w.logs.chunks, w.logs.err = []string{"a line\n"}, end
			l, stop := serving(w)
			answer := getLogs(t, l.dial(), "")
			body, err := io.ReadAll(answer.Body)
			if answer.StatusCode != http.StatusOK || string(body) != "a line\n" || (err != nil) != (end != nil) {
				t.Errorf("%s: %d %q, %v", name, answer.StatusCode, body, err)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// getLogs asks for web's log on that connection.
func getLogs(t *testing.T, conn io.ReadWriter, query string) *http.Response {
	t.Helper()
	if _, err := fmt.Fprintf(conn, "GET /v1/services/web/logs%s HTTP/1.1\r\nHost: localhost\r\n\r\n", query); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// TestAQuietLogIsFollowedAtOnce: who follows is answered before there is a line.
func TestAQuietLogIsFollowedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withContainers(t)
		l, stop := serving(w)
		if answer := getLogs(t, l.dial(), "?follow=true&tail=0"); answer.StatusCode != http.StatusOK || answer.Header.Get("X-Accel-Buffering") != "no" {
			t.Errorf("%d %v", answer.StatusCode, answer.Header)
		}
		synctest.Wait()
		w.logs.err = engine.ErrConflict
		if answer := getLogs(t, l.dial(), "?follow=true"); answer.StatusCode != http.StatusConflict {
			t.Errorf("there is no log: %d", answer.StatusCode)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestALogIsNotHeldByWhoReadsItSlowly: the places of logs are few.
func TestALogIsNotHeldByWhoReadsItSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withContainers(t)
		w.logs.chunks, w.logs.endless = []string{strings.Repeat("line\n", 1000)}, true
		l, stop := serving(w)
		began := time.Now()
		answer := getLogs(t, l.dial(), "")
		var err error
		for piece := make([]byte, 1024); err == nil && time.Since(began) < time.Hour; _, err = answer.Body.Read(piece) {
			<-time.After(time.Second)
		}
		if err == nil || err == io.EOF {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		synctest.Wait()
		if held := time.Duration(w.logs.held.Load()); held == 0 || held > maxLogTime+2*writeTimeout {
			t.Errorf("the engine was held for %s", held)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestAFollowedLogIsAStream: told at once, one of those that are bounded, over
// when the client goes or the program ends.
func TestAFollowedLogIsAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withContainers(t)
		w.logs.chunks = []string{"now\n"}
		l, stop := serving(w)
		conns := make([]io.ReadWriteCloser, maxFollowed)
		for i := range conns {
			conns[i] = l.dial()
			answer := getLogs(t, conns[i], "?follow=true")
			if line, err := bufio.NewReader(answer.Body).ReadString('\n'); err != nil || line != "now\n" {
				t.Fatalf("%q, %v", line, err)
			}
		}
		<-time.After(time.Hour)
		late := getLogs(t, l.dial(), "?follow=true")
		if why, _ := io.ReadAll(late.Body); late.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(why), `"too_many_logs"`) {
			t.Errorf("one more than there may be: %d %s", late.StatusCode, why)
		}
		watch(t, l.dial(), "", "").expect(t, pinged) // events have places left
		if short := getLogs(t, l.dial(), ""); short.StatusCode != http.StatusOK {
			t.Errorf("one that has an end: %d", short.StatusCode)
		}
		_ = conns[0].Close()
		synctest.Wait()
		if again := getLogs(t, l.dial(), "?follow=true"); again.StatusCode != http.StatusOK {
			t.Errorf("after one has gone: %d", again.StatusCode)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}
