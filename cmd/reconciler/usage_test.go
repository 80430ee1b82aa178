package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnUnknownCommandIsBadInputAndSuggestsOne(t *testing.T) {
	code, out, errs := call(t, "statsu")
	if code != 2 || out != "" || !strings.Contains(errs, "\tstatus\n") || strings.HasSuffix(errs, "\n\n") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

func TestADurationAfterABareWaitIsNotAService(t *testing.T) {
	// The server must not be asked: one of two services would be flipped.
	url, asked := served(t, nil, 200)
	for _, args := range [][]string{{"start", "web", "--wait", "30s"}, {"stop", "--all", "--wait", "30s"}} {
		code, _, errs := call(t, append(args, "--server", url)...)
		if code != 2 || !strings.Contains(errs, "--wait=30s") || len(*asked) > 0 {
			t.Errorf("%q: exit %d, %s, asked %q", args, code, errs, *asked)
		}
	}
}

func TestAllFailuresAreToldAndTheRestIsDone(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/services/b/restart" {
			fmt.Fprint(w, `{"name":"b","desired":"stopped","status":"stopped","message":"m"}`)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"detail":"no %s"}`, r.URL.Path)
	}))
	defer server.Close()
	code, out, errs := call(t, "restart", "a", "b", "c", "--server", server.URL)
	if code != 1 || errs != "a: no /v1/services/a/restart\nc: no /v1/services/c/restart\n" || out != "b: wanted stopped, is stopped: m\n" {
		t.Errorf("exit %d, %q, %q", code, errs, out)
	}
}

func TestAGroupThatNobodyIsInIsBadInput(t *testing.T) {
	url, asked := served(t, map[string]string{"GET /v1/services": overview}, 200)
	if code, _, errs := call(t, "restart", "--group", "nope", "--server", url); code != 2 || !strings.Contains(errs, `"nope"`) || len(*asked) != 1 {
		t.Errorf("exit %d, %s, asked %q", code, errs, *asked)
	}
}

func TestValidateReadsTheFileThatTheEnvironmentNames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(file, []byte("version: 1\nproject: p\nservices: {a: running, b: stopped}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("RECONCILER_STATE", file)
	code, out, errs := call(t, "validate")
	if want := file + ": valid: project p, 2 services, 0 groups\n"; code != 0 || out != want || errs != "" {
		t.Errorf("exit %d, %q, %q; want %q", code, out, errs, want)
	}
}
