package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"reconciler/api"
)

func TestANewTokenIsPrintedWithTheLineOfItsHash(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		code, out, errs := call(t, "token", "new", "panel", "--role", "flip")
		token, line, _ := strings.Cut(out, "\n")
		sum := sha256.Sum256([]byte(token))
		if want := "panel flip " + hex.EncodeToString(sum[:]) + "\n"; code != 0 || line != want || errs != "" || seen[token] {
			t.Fatalf("exit %d, %q, %q", code, out, errs)
		}
		if secret, err := base64.RawURLEncoding.DecodeString(token); err != nil || len(secret) != 32 {
			t.Fatalf("%q: %d bytes, %v", token, len(secret), err)
		}
		seen[token] = true
	}
}

func TestATokenIsAddedToTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	text := func() string {
		t.Helper()
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(src)
	}
	add := func(name string) string {
		t.Helper()
		code, token, errs := call(t, "token", "new", name, "--role", "read", "--token-file", file)
		if code != 0 || errs != "added "+name+" to "+file+"; this is its token, which isn't shown again:\n" {
			t.Fatalf("exit %d, %q", code, errs)
		}
		sum := sha256.Sum256([]byte(strings.TrimSuffix(token, "\n")))
		return name + " read " + hex.EncodeToString(sum[:]) + "\n"
	}
	want := add("first")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || text() != want {
		t.Errorf("%v, %v, %q", info.Mode(), err, text())
	}
	before := "# ours\r\n\n  old\tadmin 00 \nno-end read 01"
	if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	want = before + "\n" + add("second") + add("third")
	if text() != want {
		t.Errorf("%q, want %q", text(), want)
	}
	for _, name := range []string{"old", "no-end", "third"} {
		if code, out, errs := call(t, "token", "new", name, "--role", "flip", "--token-file", file); code != 2 || out != "" || !strings.Contains(errs, "already") {
			t.Errorf("%s again: exit %d, %q, %q", name, code, out, errs)
		}
	}
	if err := os.Chmod(file, 0o620); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t, "token", "new", "x", "--role", "flip", "--token-file", file); code != 2 || !strings.Contains(errs, "chmod go-w") {
		t.Errorf("a file that others write: exit %d, %q", code, errs)
	}
	if text() != want {
		t.Errorf("what was refused changed the file: %q", text())
	}
}

func TestTheDoorTakesTheFileThatTokensWereAddedTo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	for _, role := range []string{"read", "flip", "admin"} {
		if code, _, errs := call(t, "token", "new", "a-"+role, "--role", role, "--token-file", file); code != 0 {
			t.Fatalf("exit %d, %s", code, errs)
		}
	}
	if _, err := api.OpenTokens(file, nil); err != nil {
		t.Error(err)
	}
}

func TestTokensThatAreAddedAtOnceAreAllThere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	before := strings.Repeat("# it takes a while to read all this\n", 10000)
	if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	var adding sync.WaitGroup
	refused := make([]bool, 16)
	for i := range refused { // each name twice
		adding.Go(func() {
			code, _, _ := call(t, "token", "new", string(rune('a'+i/2)), "--role", "flip", "--token-file", file)
			refused[i] = code == 2
		})
	}
	adding.Wait()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	src = src[len(before)-1:]
	for i := 0; i < len(refused); i += 2 {
		if name := string(rune('a' + i/2)); refused[i] == refused[i+1] || strings.Count(string(src), "\n"+name+" flip ") != 1 {
			t.Errorf("%s: refused %v and %v\n%s", name, refused[i], refused[i+1], src)
		}
	}
}

func TestATokenThatCantBeIsRefused(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"token", "see: reconciler token --help"},
		{"token nwe", `unknown command "nwe" for "reconciler token"`},
		{"token new", "accepts 1 arg(s), received 0"},
		{"token new x", "say what it may: --role"},
		{"token new x --role flop", `did you mean "flip"?`},
		{"token new Bad/Name --role read", `the name "Bad/Name" is not like`},
		{"token new x --role read --token-file " + t.TempDir(), "is a directory"},
	} {
		code, out, errs := call(t, strings.Fields(c.args)...)
		if code == 0 || out != "" || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit %d, %q, %q", c.args, code, out, errs)
		}
	}
}
