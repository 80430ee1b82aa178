package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestABadDoorExitsWithTwo, and leaves nothing behind.
func TestABadDoorExitsWithTwo(t *testing.T) {
	folder := t.TempDir()
	bad, state := filepath.Join(folder, "bad"), filepath.Join(folder, "state.yaml")
	for file, text := range map[string]string{bad: "nonsense\n", state: "version: 1\nproject: p\nservices: {}\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(folder, "r.sock")
	for _, c := range []struct {
		says string
		args []string
	}{
		{"line 1: write a name", []string{"--token-file", bad}},
		{"no such file", []string{"--token-file", bad + ".nothing"}},
		{"web configuration", []string{"--web-config", bad, "--listen", "127.0.0.1:0", "--listen", "unix:" + socket}},
	} {
		args := append([]string{"run", "--engine", "sim", "--state", state}, c.args...)
		if code, _, errs := call(t, args...); code != 2 || !strings.Contains(errs, c.says) {
			t.Errorf("%q: exit %d, %s; want 2 and %q", c.args, code, errs, c.says)
		}
	}
	if _, err := os.Lstat(socket); err == nil {
		t.Error("the socket is left behind")
	}
}
