package main

import (
	"os"
	"strings"
	"testing"
)

// complete returns what a shell is told after these words.
func complete(t *testing.T, words ...string) []string {
	t.Helper()
	code, out, _ := call(t, append([]string{"__completeNoDesc"}, words...)...)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if directive := lines[len(lines)-1]; code != 0 || directive != ":4" { // no files
		t.Errorf("%q: exit %d, %s", words, code, out)
	}
	return lines[:len(lines)-1]
}

func TestNamesAreCompleted(t *testing.T) {
	url := (&fake{script: map[string]said{"GET /v1/services": {
		200,
		`{"services":[{"name":"web","groups":["front","all"]},{"name":"db","groups":["all"]},{"name":"o\u001bdd\n","groups":[]}]}`,
	}}}).onTCP(t)
	for _, c := range []struct{ words, want string }{
		{"stop _", "web db"},
		{"stop web _", "db"},
		{"restart --group _", "all front"},
		{"events --service _", "web db"},
		{"set _", "running stopped absent completed"},
		{"set running _", "web db"},
		{"set running db _", "web"},
		{"logs _", "web db"},
		{"logs web _", ""},
		{"status _", "web db"},
		{"wait _", "web db"},
		{"wait --for _", "converged ready stopped"},
		{"status -o _", "table wide json yaml"},
	} {
		words := strings.Fields(c.words)
		words[len(words)-1] = ""
		if got := strings.Join(complete(t, append([]string{words[0], "--server", url}, words[1:]...)...), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.words, got, c.want)
		}
	}
	if got := strings.Join(complete(t, "completion", ""), " "); got != "bash zsh fish powershell" {
		t.Errorf("shells: %q", got)
	}
	if got := strings.Join(complete(t, "token", "new", "x", "--role", ""), " "); got != "read flip admin" {
		t.Errorf("roles: %q", got)
	}
}

func TestEachShellHasAScript(t *testing.T) {
	for shell, mark := range map[string]string{
		"bash": "complete -o default -F __start_reconciler reconciler", "zsh": "#compdef reconciler",
		"fish": "complete -c reconciler", "powershell": "Register-ArgumentCompleter -CommandName 'reconciler'",
	} {
		if code, out, errs := call(t, "completion", shell); code != 0 || !strings.Contains(out, mark) || errs != "" {
			t.Errorf("%s: exit %d, %.200s, %s", shell, code, out, errs)
		}
	}
	if code, out, errs := call(t, "completion", "bsh"); code != 2 || out != "" || !strings.Contains(errs, `did you mean "bash"?`) {
		t.Errorf("no shell: exit %d, %q, %q", code, out, errs)
	}
}

func TestNamesAreCompletedFromTheFileWhereNobodyAnswers(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("RECONCILER_STATE", "")
	if got := complete(t, "stop", "--server", "unix:none", ""); len(got) > 0 {
		t.Errorf("with neither: %q", got)
	}
	if err := os.WriteFile("state.yaml", []byte("version: 1\nproject: p\ngroups: {g: [a]}\nservices: {a: running, b: stopped}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(complete(t, "stop", "--server", "unix:none", ""), " "); got != "a b" {
		t.Errorf("services: %q", got)
	}
	if got := strings.Join(complete(t, "stop", "--server", "unix:none", "--group", ""), " "); got != "g" {
		t.Errorf("groups: %q", got)
	}
}
