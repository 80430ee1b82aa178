package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"reconciler/reconcile"
)

// call runs one command as main does.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = execute(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// served answers each request with what the script says of it, and writes the
// requests down.
func served(t *testing.T, script map[string]string, status int) (url string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		if _, err := body.ReadFrom(r.Body); err != nil {
			t.Error(err)
		}
		line := r.Method + " " + r.URL.String()
		mu.Lock()
		defer mu.Unlock()
		*asked = append(*asked, strings.TrimSpace(line+" "+body.String()))
		answer, known := script[line]
		if !known {
			t.Errorf("unexpected request: %s", line)
		}
		if !strings.HasPrefix(r.Header.Get("Reconciler-Actor"), "cli:") {
			t.Errorf("%s: actor %q", line, r.Header.Get("Reconciler-Actor"))
		}
		w.WriteHeader(status)
		if _, err := w.Write([]byte(answer)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

const overview = `{"project":"p","generation":2,"services":[
 {"name":"web","desired":"running","status":"backing_off","message":"exited\u001b[2J\u009b 3 times\u202e","groups":["g"],"generation":2,"observed_generation":2,"warnings":["odd"]},
 {"name":"データ","desired":"stopped","status":"stopped","ready":true,"converged":true,"message":"as wanted","groups":[],"generation":2,"observed_generation":2}],
 "orphans":[{"name":"p-old-1","state":"running","message":"not listed"}],"warnings":["everybody\u001b[2J may write it"]}`

func TestStatusIsAlignedAndClean(t *testing.T) {
	url, _ := served(t, map[string]string{"GET /v1/services": overview}, 200)
	code, out, errs := call(t, "status", "--server", url)
	want := "SERVICE  DESIRED  STATUS       READY  WHY, AND WHAT HAPPENS NEXT\n" +
		"web      running  backing_off  no     exited[2J 3 times\n" +
		"データ   stopped  stopped      yes    as wanted\n" +
		"web: warning: odd\n" +
		"warning: everybody[2J may write it\n" +
		"orphan p-old-1 (running): not listed; it is left alone\n"
	if code != 0 || out != want || errs != "" {
		t.Errorf("exit %d, stderr %q\n%s\nwant\n%s", code, errs, out, want)
	}
}

func TestStatusAsJSONAndYAMLHasTheNamesOfTheAPI(t *testing.T) {
	url, _ := served(t, map[string]string{"GET /v1/services": overview}, 200)
	for _, format := range []string{"json", "yaml"} {
		code, out, _ := call(t, "status", "web", "--server", url, "-o", format)
		if code != 0 || !strings.Contains(out, "observed_generation") || strings.Contains(out, "データ") || out != clean(out) || !strings.Contains(out, "exited\\") {
			t.Errorf("%s: exit %d\n%s", format, code, out)
		}
	}
	if code, _, errs := call(t, "status", "wob", "--server", url); code != 1 || !strings.Contains(errs, `did you mean "web"?`) {
		t.Errorf("an unknown service: exit %d, %s", code, errs)
	}
}

func TestFlipsAskForWhatWasSaid(t *testing.T) {
	one := `{"name":"web","desired":"stopped","status":"stopped","converged":true,"message":"m"}`
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"set", `PUT /v1/services/web/state {"reason":"r","state":"stopped"}`, []string{"set", "stopped", "web", "--reason", "r"}},
		{"stop", `POST /v1/services/web/stop?wait=1m0s {"reason":""}`, []string{"stop", "web", "web", "--wait"}},
		{"start", `POST /v1/services/web/start?wait=5s {"reason":""}`, []string{"start", "web", "--wait=5s"}},
		{"restart", `POST /v1/services/web/restart {"reason":""}`, []string{"restart", "web"}},
		{"restart by group", `POST /v1/services/web/restart {"reason":""}`, []string{"restart", "--group", "g"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			method, rest, _ := strings.Cut(c.want, " ")
			path, _, _ := strings.Cut(rest, " ")
			url, asked := served(t, map[string]string{"GET /v1/services": overview, method + " " + path: one}, 200)
			code, out, errs := call(t, append(c.args, "--server", url)...)
			if got := (*asked)[len(*asked)-1]; code != 0 || got != c.want {
				t.Errorf("exit %d, asked %s, want %s\n%s%s", code, got, c.want, out, errs)
			}
		})
	}
}

func TestAWaitThatIsNotMetFails(t *testing.T) {
	url, _ := served(t, map[string]string{"POST /v1/services/web/start?wait=1s": `{"name":"web","message":"port 80 is taken"}`}, 202)
	if code, _, errs := call(t, "start", "web", "--wait=1s", "--server", url); code != 1 || !strings.Contains(errs, "port 80 is taken") {
		t.Errorf("exit %d, %s", code, errs)
	}
}

// It runs, as it did before: that isn't what was asked for.
func TestARestartThatFailedFails(t *testing.T) {
	body := `{"name":"web","desired":"running","status":"running","converged":true,"message":"the restart was not made: driver failed"}`
	url, _ := served(t, map[string]string{"POST /v1/services/web/restart?wait=1s": body}, 202)
	code, out, errs := call(t, "restart", "web", "--wait=1s", "--server", url)
	if code != 1 || errs != "web: the restart was not made: driver failed\n" || out != "web: wanted running, is running: the restart was not made: driver failed\n" {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

func TestTheServersRefusalIsToldInItsWords(t *testing.T) {
	url, _ := served(t, map[string]string{"POST /v1/services/web/stop": `{"type":"state_shape","detail":"write by hand: web"}`}, 409)
	if code, _, errs := call(t, "stop", "web", "--server", url); code != 1 || errs != "web: write by hand: web\n" {
		t.Errorf("exit %d, %q", code, errs)
	}
}

func TestBadInputExitsWithTwo(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "state.yaml")
	if err := os.WriteFile(bad, []byte("version: 2\nproject: p\nservices: {web: runing}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		says string
		args []string
	}{
		{"state.yaml:1:10", []string{"validate", bad}},
		{"state.yaml:3:17", []string{"validate", bad}},
		{"--nonsense", []string{"run", "--nonsense"}},
		{"--token-file", []string{"run", "--listen", "0.0.0.0:1"}},
		{"--workers", []string{"run", "--workers", "0"}},
		{"name a service", []string{"stop"}},
		{`did you mean "running"?`, []string{"set", "runing", "web"}},
		{"--server", []string{"status", "--server", "nowhere"}},
		{"not overwritten", []string{"init", "--state", bad}},
	} {
		if code, _, errs := call(t, c.args...); code != 2 || !strings.Contains(errs, c.says) {
			t.Errorf("%q: exit %d, %s; want 2 and %q", c.args, code, errs, c.says)
		}
	}
	if code, _, errs := call(t, "plan", "--state", bad, "--engine", "sim"); code != 1 || !strings.Contains(errs, "state.yaml:3:17") {
		t.Errorf("plan of a bad file: exit %d, %s; want 1, for 2 means that there is something to do", code, errs)
	}
}

func TestNobodyListeningIsToldWithTheNextStep(t *testing.T) {
	if code, _, errs := call(t, "healthcheck", "--server", "http://127.0.0.1:1"); code != 1 || !strings.Contains(errs, "reconciler run") {
		t.Errorf("exit %d, %s", code, errs)
	}
}

func TestPlanWorksWithoutAServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.yaml")
	if err := os.WriteFile(file, []byte("version: 1\nproject: p\nservices: {a: running, b: running}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	// The simulated engine runs the first and every other service.
	code, out, errs := call(t, "plan", "--state", file, "--engine", "sim")
	if code != 2 || out != "b: start p-b-1 (exited)\n" {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	code, out, _ = call(t, "plan", "--state", file, "--engine", "sim", "-o", "json")
	var r reconcile.Report
	if err := json.Unmarshal([]byte(out), &r); code != 2 || err != nil || !r.Pending {
		t.Errorf("exit %d, %v\n%s", code, err, out)
	}
}

func TestPlanOfARunningReconciler(t *testing.T) {
	const settles = `{"pending":true,"services":[{"service":"web","text":"web: nothing yet, Settle until 12:00:03"}]}`
	plan := []string{"GET /v1/plan"}
	converse(t, []exchange{
		{"what it waits for", "plan", map[string]said{"GET /v1/plan": {body: settles}}, plan, 2, "web: nothing yet, Settle until 12:00:03\n", ""},
		{"nothing", "plan", map[string]said{"GET /v1/plan": {body: `{"services":[]}`}}, plan, 0, "nothing to do\n", ""},
		{"no engine", "plan", map[string]said{"GET /v1/plan": {503, `{"title":"x","detail":"plan: engine unavailable"}`}}, plan, 1, "", "plan: engine unavailable\n"},
		{"both", "plan --engine sim", nil, nil, 1, "", "--server and --engine: a running reconciler looks by its own settings; give one of them\n"},
	})
	f := &fake{script: map[string]said{"GET /v1/plan": {body: settles}}}
	t.Setenv("RECONCILER_SERVER", f.onTCP(t))
	if code, out, errs := call(t, "plan"); code != 2 || !strings.Contains(out, "Settle") {
		t.Errorf("by the environment: exit %d\n%s%s", code, out, errs)
	}
	if code, _, errs := call(t, "plan", "--engine", "sim", "--state", "none.yaml"); code != 1 || !strings.Contains(errs, "none.yaml") {
		t.Errorf("a flag that says where to look: exit %d, %s", code, errs)
	}
}
