package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const (
	acted   = `{"id":"b-1","time":"2026-12-01T12:00:00Z","kind":"action","service":"web","container":"p-web-1","verb":"start","cause":"Crashed","outcome":"error","error":"no such\u001b[2J image","took":"1.2s"}`
	turned  = `{"id":"b-2","time":"2026-12-01T12:00:01Z","kind":"state_accepted","generation":7,"actor":"cli:ann","message":"web: running -> stopped"}`
	overIt  = `{"id":"b-9","time":"2026-12-01T12:00:02Z","kind":"converged","service":"web","trigger":"edit","took":"3s"}`
	actedAs = "2026-12-01T12:00:00Z  action  web: start p-web-1: Crashed: error: no such[2J image, took 1.2s\n"
	turnAs  = "2026-12-01T12:00:01Z  state_accepted: web: running -> stopped, by cli:ann (revision 7)\n"
	overAs  = "2026-12-01T12:00:02Z  converged  web, since edit, took 3s\n"
)

func TestEventsThatAreKnownAreALineEach(t *testing.T) {
	known := said{200, `{"events":[` + acted + `,` + turned + `]}`}
	converse(t, []exchange{
		{name: "words", args: "events", script: map[string]said{"GET /v1/events": known}, asked: []string{"GET /v1/events"}, stdout: actedAs + turnAs},
		{
			name: "JSON of one service", args: "events -o json --service web", script: map[string]said{"GET /v1/events?service=web": known},
			asked: []string{"GET /v1/events?service=web"}, stdout: acted + "\n" + turned + "\n",
		},
		{
			name: "an odd format", args: "events -o jsn", code: 2,
			stderr: `invalid argument "jsn" for "-o, --output" flag: it is text or json; did you mean "json"?; see: reconciler events --help` + "\n",
		},
	})
}

// once calls do when the text has been written.
type once struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	text string
	do   func()
}

func (o *once) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf.Write(b)
	if strings.Contains(o.buf.String(), o.text) {
		o.do()
	}
	return len(b), nil
}

func TestFollowedEventsAreTakenUpWhereTheyBroke(t *testing.T) {
	var asked []string
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Header.Get("Accept")+" after "+r.Header.Get("Last-Event-ID")+" of "+r.URL.Query().Get("service"))
		n := len(asked)
		mu.Unlock()
		switch n {
		case 1:
			fmt.Fprintf(w, `{"events":[%s]}`, acted)
		case 2: // one event, then it breaks in the middle of another
			fmt.Fprintf(w, ": ping\n\nid: b-2\nevent: state_accepted\ndata: %s\n\nid: b-3\nevent: action\nda", turned)
		case 3:
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"detail":"starting"}`)
		default:
			fmt.Fprintf(w, "event: gap\ndata:\n\nid: b-9\ndata: %s\ndata: %s\n\n", overIt[:12], overIt[12:])
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			<-r.Context().Done()
		}
	}))
	defer server.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out := &once{text: overAs, do: interrupt}
	var errs bytes.Buffer
	code := execute(ctx, []string{"events", "--follow", "--service", "web", "--server", server.URL}, out, &errs)
	if want := actedAs + turnAs + "gap: some events before this are lost\n" + overAs; code != 130 || out.buf.String() != want {
		t.Errorf("exit %d, %s\nwant 130 and\n%s", code, &out.buf, want)
	}
	if want := "the stream of events broke: the server ended the stream of events; trying again\nstarting; trying again\ninterrupted\n"; errs.String() != want {
		t.Errorf("stderr %q, want %q", errs.String(), want)
	}
	want := []string{"application/json after  of web", "text/event-stream after b-1 of web", "text/event-stream after b-2 of web", "text/event-stream after b-2 of web"}
	if !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

func TestFollowingEndsWhenTheServerRefuses(t *testing.T) {
	const broke = "the stream of events broke: the server ended the stream of events; trying again\n"
	for name, c := range map[string]struct {
		stream []int // the status of each; after the last nobody may ask
		stderr string
	}{
		"a refusal":                      {[]int{403}, "no\n"},
		"too many, at first":             {[]int{503}, "no\n"},
		"a refusal later on":             {[]int{200, 403}, broke + "no\n"},
		"later on others are waited out": {[]int{200, 429, 503, 401}, broke + "no; trying again\nno; trying again\nno; set RECONCILER_TOKEN, or use --server unix:PATH; make a token with: reconciler token new NAME --role read\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("RECONCILER_TOKEN", "")
			var streams atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Accept") == "application/json" {
					fmt.Fprint(w, `{"events":[]}`)
					return
				}
				n := int(streams.Add(1)) - 1
				if n >= len(c.stream) {
					t.Errorf("asked %d times", n+1)
					n = 0
				}
				if w.WriteHeader(c.stream[n]); c.stream[n] != 200 {
					fmt.Fprint(w, `{"type":"host","detail":"no"}`)
				}
			}))
			defer server.Close()
			if code, _, errs := call(t, "events", "--follow", "--server", server.URL); code != 1 || errs != c.stderr {
				t.Errorf("exit %d, %q, want %q", code, errs, c.stderr)
			}
		})
	}
}
