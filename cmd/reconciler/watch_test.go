package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// lively answers each look at the services with the next of the answers, the
// last again and again, and has an event for each look; without stream it has
// no events.
func lively(t *testing.T, stream bool, answers ...said) string {
	t.Helper()
	looked := make(chan struct{}, 100)
	var looks atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v1/services":
			a := answers[min(int(looks.Add(1)), len(answers))-1]
			w.WriteHeader(max(a.status, 200))
			fmt.Fprint(w, a.body)
			looked <- struct{}{}
		case !stream:
			http.NotFound(w, r)
		default:
			for {
				select {
				case <-r.Context().Done():
					return
				case <-looked:
				}
				fmt.Fprint(w, "event: decided\ndata: {}\n\n")
				if err := http.NewResponseController(w).Flush(); err != nil {
					return
				}
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func webIs(status string) said {
	return said{200, fmt.Sprintf(`{"services":[{"name":"web","desired":"running","status":%q,"message":"m"}]}`, status)}
}

// tableOf is what is shown of webIs.
func tableOf(status string) string {
	return "SERVICE  DESIRED  STATUS" + strings.Repeat(" ", len(status)-4) + "READY  WHY, AND WHAT HAPPENS NEXT\nweb      running  " + status + "  no     m\n"
}

func TestAWatcherInAPipeIsToldOfChangesOnly(t *testing.T) {
	for name, stream := range map[string]bool{"by events": true, "by looking": false} {
		t.Run(name, func(t *testing.T) {
			answers := []said{webIs("starting"), webIs("starting"), {503, `{"detail":"the engine is down"}`}, webIs("unhealthy")}
			if !stream {
				answers = append(answers[:1], answers[3])
			}
			ctx, interrupt := context.WithCancel(t.Context())
			out := &once{text: "unhealthy", do: interrupt}
			var errs bytes.Buffer
			code := execute(ctx, []string{"status", "--watch", "--server", lively(t, stream, answers...)}, out, &errs)
			want := tableOf("starting") + "\n"
			if stream {
				want += tableOf("starting") + "the engine is down\n\n"
			}
			want += tableOf("unhealthy")
			if code != 130 || out.buf.String() != want || errs.String() != "interrupted\n" {
				t.Errorf("exit %d, %q\n%s\nwant\n%s", code, errs.String(), out.buf.String(), want)
			}
		})
	}
}

func TestAWatcherOnATerminalSeesItInPlace(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	url := lively(t, true, webIs("starting"), webIs("running"))
	tty, see := terminal(t, 80, 25)
	ctx, interrupt := context.WithCancel(t.Context())
	done := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		code := execute(ctx, []string{"status", "--watch", "--server", url}, tty, &errs)
		tty.Close()
		done <- code
	}()
	var text string
	frame := func(status string) string {
		return "\x1b[H" + strings.ReplaceAll(tableOf(status), "\n", "\x1b[K\n") + "\x1b[J"
	}
	want := frame("starting") + frame("running")
	see(func(s string) {
		if text = s; len(s) >= len(want) {
			interrupt()
		}
	})
	if code := <-done; code != 130 || text != want {
		t.Errorf("exit %d\n%q\nwant\n%q", code, text, want)
	}
}

func TestAWatcherWhoCantBeginIsTold(t *testing.T) {
	url := lively(t, true, webIs("starting"))
	for args, want := range map[string]string{
		"status --watch --server http://127.0.0.1:1": "nothing answers",
		"status --watch wob --server " + url:         `did you mean "web"?`,
		"status --watch -o json --server " + url:     "--watch goes with -o table or wide",
	} {
		if code, out, errs := call(t, strings.Fields(args)...); code == 0 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d, %q, %q", args, code, out, errs)
		}
	}
}
