package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The page that says how to leave docker.sock, and its Chinese twin.
const docsEnglish, docsChinese = "../../../docs/from-a-docker-socket-panel.md", "../../../docs/from-a-docker-socket-panel.zh.md"

var fenced = regexp.MustCompile("(?ms)^ *```([a-z]+)\n(.*?)^ *```$")

// blocks are the fenced blocks of that language, in order.
func blocks(t *testing.T, doc, language string) []string {
	t.Helper()
	src, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range fenced.FindAllStringSubmatch(string(src), -1) {
		if m[1] == language {
			all = append(all, m[2])
		}
	}
	return all
}

// python runs a program and returns what it prints.
func python(t *testing.T, program string) string {
	t.Helper()
	interpreter, err := exec.LookPath("python3")
	if err != nil {
		t.Skipf("the functions of the page are Python: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), interpreter, "-c", program)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("python3: %v\n%s\nof\n%s", err, out, program)
	}
	return string(out)
}

// use calls each function of the page.
const use = `
print(start_service("scraper")["desired"], stop_service("tgstate")["desired"])
print(get_service_status("frontend"))
print(len(start_profile("business")["services"]), set_states({"tgstate": "stopped"})["skipped"])
`

const used = `running stopped
{'status': 'running', 'pid': 41, 'port': 5000, 'message': 'tg2em-frontend runs'}
3 []
`

var calls = []string{
	"POST /v1/services/scraper/start?wait=30s", "POST /v1/services/tgstate/stop?wait=30s",
	`PUT /v1/groups/business/state?wait=60s {"state": "running"}`, `PUT /v1/services/state?wait=60s {"tgstate": "stopped"}`,
}

func TestThePythonOfThePageWorks(t *testing.T) {
	code := blocks(t, docsEnglish, "python")
	if len(code) != 3 {
		t.Fatalf("%d blocks of Python; this test knows three", len(code))
	}
	functions, refused, token := code[0], code[1], code[2]

	t.Run("by socket", func(t *testing.T) {
		f := newFake("")
		socket := strings.TrimPrefix(onSocket(t, f), "unix:")
		here := swap(t, functions, "/run/reconciler/reconciler.sock", socket)
		if got := python(t, here+use); got != used || !slices.Equal(f.calls(), calls) {
			t.Errorf("it said\n%s\nand asked\n%q", got, f.calls())
		}
		if got := python(t, here+refused); !strings.Contains(got, "did you mean <tgstate>?") {
			t.Errorf("of a refusal it said %q", got)
		}
	})
	t.Run("by token", func(t *testing.T) {
		f := newFake("right")
		tls := httptest.NewTLSServer(f)
		t.Cleanup(tls.Close)
		file := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(file, []byte("right\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		here := swap(t, token, `"reconciler", 8480`, fmt.Sprintf(`"127.0.0.1", %s`, tls.URL[strings.LastIndex(tls.URL, ":")+1:]))
		here = swap(t, swap(t, here, "/secrets/ca.crt", os.Getenv("SSL_CERT_FILE")), "/secrets/token", file)
		if got := python(t, functions+here+use); got != used || !slices.Equal(f.calls(), calls) {
			t.Errorf("it said\n%s\nand asked\n%q", got, f.calls())
		}
	})
}

// swap replaces what must be there.
func swap(t *testing.T, text, was, is string) string {
	t.Helper()
	if !strings.Contains(text, was) {
		t.Fatalf("%s isn't in\n%s", was, text)
	}
	return strings.ReplaceAll(text, was, is)
}

func TestTheChineseTwinSaysTheSame(t *testing.T) {
	for _, language := range []string{"python", "sh"} {
		if en, zh := blocks(t, docsEnglish, language), blocks(t, docsChinese, language); !slices.Equal(en, zh) {
			t.Errorf("the blocks of %s differ:\n%q\n%q", language, en, zh)
		}
	}
	// What stands in the text besides words: headings, points, rows, calls.
	shape := regexp.MustCompile(`(?m)^(##? |- |\d\. |\|)`)
	call := regexp.MustCompile("`((?:GET|PUT|POST|DELETE) /[^`]*|reconciler [a-z]+[^`]*)`")
	en, zh := read(t, docsEnglish), read(t, docsChinese)
	for _, re := range []*regexp.Regexp{shape, call} {
		if a, b := re.FindAllString(en, -1), re.FindAllString(zh, -1); len(a) < 5 || !slices.Equal(a, b) {
			t.Errorf("English %q\nChinese %q", a, b)
		}
	}
}

func read(t *testing.T, doc string) string {
	t.Helper()
	src, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}
