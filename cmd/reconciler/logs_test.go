package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestLogsAreCleanUnlessRaw(t *testing.T) {
	wrote := said{200, "\x1b[31mred\x1b[0m\tone\r\n\u202eevil 日本\x00\n"}
	converse(t, []exchange{
		{
			name: "clean", args: "logs web", script: map[string]said{"GET /v1/services/web/logs?tail=200": wrote},
			asked: []string{"GET /v1/services/web/logs?tail=200"}, stdout: "[31mred[0m\tone\nevil 日本\n",
		},
		{
			name: "raw", args: "logs web -o raw --tail 0 --container p-web-2 --follow",
			script: map[string]said{"GET /v1/services/web/logs?container=p-web-2&follow=true&tail=0": wrote},
			asked:  []string{"GET /v1/services/web/logs?container=p-web-2&follow=true&tail=0"}, stdout: wrote.body,
		},
		{
			name: "none", args: "logs web", script: map[string]said{"GET /v1/services/web/logs?tail=200": {409, `{"type":"refused","detail":"web has no container"}`}},
			asked: []string{"GET /v1/services/web/logs?tail=200"}, code: 1, stderr: "web has no container\n",
		},
		{name: "too many", args: "logs web --tail 10001", code: 2, stderr: "--tail 10001 is not from 0 to 10000\n"},
		{name: "of nothing", args: "logs", code: 2, stderr: "accepts 1 arg(s), received 0; usage: reconciler logs SERVICE [flags]\n"},
	})
}

func TestFollowedLogsAreShownAsTheyCome(t *testing.T) {
	// The server says no more until the first line was shown.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "first")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-r.Context().Done()
	}))
	defer server.Close()
	for _, output := range []string{"text", "raw"} {
		ctx, interrupt := context.WithCancel(t.Context())
		out := &once{text: "first", do: interrupt}
		var errs bytes.Buffer
		if code := execute(ctx, []string{"logs", "web", "--follow", "-o", output, "--server", server.URL}, out, &errs); code != 130 || errs.String() != "interrupted\n" {
			t.Errorf("%s: exit %d, %q", output, code, errs.String())
		}
	}
}
