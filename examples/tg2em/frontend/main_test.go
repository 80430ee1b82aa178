package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// show starts a panel with that environment.
func show(t *testing.T, env map[string]string) string {
	t.Helper()
	d, err := newDoor(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer((&panel{d, env["NAME"], []string{"localhost", "127.0.0.1", "::1"}}).routes())
	t.Cleanup(s.Close)
	return s.URL
}

// ask makes a request as a browser's form does, and doesn't follow.
func ask(t *testing.T, method, address string, form url.Values, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func TestThePanelReadsAndFlipsThroughBothDoors(t *testing.T) {
	byToken := newFake("right")
	tls := httptest.NewTLSServer(byToken)
	t.Cleanup(tls.Close)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("right\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bySocket := newFake("")
	for _, c := range []struct {
		name string
		fake *fake
		env  map[string]string
	}{
		{"socket", bySocket, map[string]string{"RECONCILER_SERVER": onSocket(t, bySocket)}},
		{"token file", byToken, map[string]string{"RECONCILER_SERVER": tls.URL, "RECONCILER_TOKEN_FILE": file}},
		{"token", byToken, map[string]string{"RECONCILER_SERVER": tls.URL + "/", "RECONCILER_TOKEN": "right"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(c.fake.calls())
			panel := show(t, c.env)
			code, page := ask(t, "GET", panel+"/", nil)
			for _, want := range []string{
				"tg2em-frontend runs", ">41<", ">5000<", "stopped, as &lt;wanted&gt;",
				`action="/admin/services/scraper/start"`, `action="/admin/services/scraper/stop"`, `action="/admin/groups/business/stop"`,
			} {
				if code != 200 || !strings.Contains(page, want) {
					t.Errorf("%d, the page lacks %q:\n%s", code, want, page)
				}
			}
			for _, path := range []string{"/admin/services/scraper/start", "/admin/services/tgstate/stop", "/admin/groups/business/start"} {
				if code, text := ask(t, "POST", panel+path, nil); code != http.StatusSeeOther {
					t.Errorf("POST %s: %d %s", path, code, text)
				}
			}
			want := []string{
				"POST /v1/services/scraper/start?wait=20s", "POST /v1/services/tgstate/stop?wait=20s",
				`PUT /v1/groups/business/state?wait=20s {"state":"running"}`,
			}
			if got := c.fake.calls()[before:]; !slices.Equal(got, want) {
				t.Errorf("reconciler was asked\n%q\nwant\n%q", got, want)
			}
		})
	}
}

func TestTheStatusIsThatOfTheOldPanel(t *testing.T) {
	f := newFake("")
	panel := show(t, map[string]string{"RECONCILER_SERVER": onSocket(t, f)})
	code, text := ask(t, "GET", panel+"/admin/services/status", nil)
	var got map[string]map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil || code != 200 {
		t.Fatalf("%d %s: %v", code, text, err)
	}
	want := map[string]any{"status": "running", "pid": 41.0, "port": 5000.0, "message": "tg2em-frontend runs"}
	if s := got["frontend"]; len(got) != 3 || len(s) != 4 || s["status"] != want["status"] || s["pid"] != want["pid"] || s["port"] != want["port"] || s["message"] != want["message"] {
		t.Errorf("%s; want of frontend %v", text, want)
	}
	if port, there := got["tgstate"]["port"]; !there || port != nil {
		t.Errorf("tgstate publishes no port: %s", text)
	}
}

func TestARefusalIsShownAsItComes(t *testing.T) {
	f := newFake("")
	panel := show(t, map[string]string{"RECONCILER_SERVER": onSocket(t, f)})
	code, page := ask(t, "POST", panel+"/admin/services/tgstat/start", nil)
	if code != http.StatusNotFound || !strings.Contains(page, "the file lists no service &#34;tgstat&#34;; did you mean &lt;tgstate&gt;?") {
		t.Errorf("%d\n%s", code, page)
	}
	code, text := ask(t, "POST", panel+"/admin/services/tgstat/start", nil, "Accept", "application/json")
	var p problem
	if err := json.Unmarshal([]byte(text), &p); err != nil || code != 404 || p.Type != "unknown_service" || !strings.Contains(p.Detail, "<tgstate>") {
		t.Errorf("as JSON: %d %s: %v", code, text, err)
	}
	code, page = ask(t, "POST", panel+"/admin/groups/odd/start", nil)
	if code != 200 || !strings.Contains(page, "web is no &lt;job&gt;") || !strings.Contains(page, "migrate was left out") {
		t.Errorf("a warning isn't shown: %d\n%s", code, page)
	}
}

func TestNobodyThereAndAWrongTokenAreTold(t *testing.T) {
	f := newFake("right")
	tls := httptest.NewTLSServer(f)
	t.Cleanup(tls.Close)
	for want, env := range map[string]map[string]string{
		"no such file":      {"RECONCILER_SERVER": "unix:" + filepath.Join(t.TempDir(), "none.sock")},
		"a token is needed": {"RECONCILER_SERVER": tls.URL, "RECONCILER_TOKEN": "wrong"},
		"none/token":        {"RECONCILER_SERVER": tls.URL, "RECONCILER_TOKEN_FILE": "none/token"},
	} {
		panel := show(t, env)
		for _, path := range []string{"/", "/admin/services/status"} {
			if code, text := ask(t, "GET", panel+path, nil); code != http.StatusBadGateway || !strings.Contains(text, want) {
				t.Errorf("%s: %d %s; want %q", path, code, text, want)
			}
		}
	}
	for _, server := range []string{"http://127.0.0.1:8480", "reconciler:8480", "https://"} {
		if _, err := newDoor(func(string) string { return server }); err == nil {
			t.Errorf("RECONCILER_SERVER %s is taken: a token would go in the clear", server)
		}
	}
}

func TestThePanelAsksBeforeItStopsItself(t *testing.T) {
	f := newFake("")
	f.services[0].Groups, f.services[1].Groups = []string{"front"}, []string{"front", "business"}
	panel := show(t, map[string]string{"RECONCILER_SERVER": onSocket(t, f), "NAME": "frontend"})
	for _, path := range []string{"/admin/services/frontend/stop", "/admin/groups/front/stop"} {
		before := len(f.calls())
		code, page := ask(t, "POST", panel+path, nil)
		if code != http.StatusConflict || !strings.Contains(page, "reconciler start frontend") || len(f.calls()) != before {
			t.Errorf("%s: %d, and reconciler was asked %q\n%s", path, code, f.calls()[before:], page)
		}
		// Nobody will be there to hear the end, so it isn't waited for.
		if code, text := ask(t, "POST", panel+path, url.Values{"confirm": {"frontend"}}); code != http.StatusSeeOther || !strings.Contains(f.calls()[before], "wait=0s") {
			t.Errorf("%s confirmed: %d %s, %q", path, code, text, f.calls())
		}
	}
	padded := url.Values{"confirm": {"frontend"}, "a": {strings.Repeat("x", 65<<10)}}
	if code, _ := ask(t, "POST", panel+"/admin/services/frontend/stop", padded); code != http.StatusConflict {
		t.Errorf("a form of more than 64 KiB was read: %d", code)
	}
	if code, _ := ask(t, "POST", panel+"/admin/groups/business/stop", nil); code != http.StatusSeeOther {
		t.Errorf("a group without the panel: %d", code)
	}
}

func TestNoOtherSiteAndNoOtherNameGetsIn(t *testing.T) {
	f := newFake("")
	panel := show(t, map[string]string{"RECONCILER_SERVER": onSocket(t, f)})
	stop := panel + "/admin/services/tgstate/stop"
	for name, c := range map[string]struct {
		method, address string
		header          []string
		want            int
	}{
		"another site's form":       {"POST", stop, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"another origin":            {"POST", stop, []string{"Origin", "https://evil.example"}, 403},
		"a name that is rebound":    {"POST", stop, []string{"Host", "evil.example"}, 403},
		"reading by a rebound name": {"GET", panel + "/", []string{"Host", "evil.example:5000"}, 403},
		"a link":                    {"GET", stop, nil, 405},
		"another verb":              {"POST", panel + "/admin/services/tgstate/kill", nil, 404},
		"another path":              {"GET", panel + "/admin", nil, 404},
	} {
		if code, text := ask(t, c.method, c.address, nil, c.header...); code != c.want {
			t.Errorf("%s: %d %s; want %d", name, code, text, c.want)
		}
	}
	if calls := f.calls(); len(calls) != 0 {
		t.Errorf("reconciler was asked %q", calls)
	}
	if code, _ := ask(t, "GET", panel+"/", nil, "Host", "LOCALHOST:5000"); code != 200 {
		t.Errorf("localhost: %d", code)
	}
}

func TestAServiceCannotLeadToAnotherCall(t *testing.T) {
	f := newFake("")
	panel := show(t, map[string]string{"RECONCILER_SERVER": onSocket(t, f)})
	ask(t, "POST", panel+"/admin/services/..%2f..%2fstate%3fx/start", nil)
	if got := f.calls(); len(got) != 1 || got[0] != "POST /v1/services/..%2F..%2Fstate%3Fx/start?wait=20s" {
		t.Errorf("reconciler was asked %q", got)
	}
}

func TestItServesUntilItIsToldToEnd(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	none := func(string) string { return "" }
	if err := serve(t.Context(), l.Addr().String(), none); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("on an address that is taken: %v", err)
	}
	l.Close()

	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- serve(ctx, l.Addr().String(), none) }()
	for code := 0; code != 200; { // until it listens
		select {
		case err := <-ended:
			t.Fatal(err)
		default:
		}
		if res, err := http.Get("http://" + l.Addr().String() + "/healthz"); err == nil {
			res.Body.Close()
			code = res.StatusCode
		}
	}
	end()
	if err := <-ended; err != nil {
		t.Errorf("told to end: %v", err)
	}
}
