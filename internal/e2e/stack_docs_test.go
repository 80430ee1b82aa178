package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// blocks are the fenced blocks of that language in a document.
func blocks(t *testing.T, doc, language string) []string {
	t.Helper()
	src, err := os.ReadFile("../../" + doc)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(src), -1) {
		all = append(all, m[1])
	}
	return all
}

// showing, before a script, makes docker show what it is told, as stack does.
const showing = `set -euo pipefail
docker() { printf '+'; printf ' %q' docker "$@"; printf '\n'; }
`

// sameCommands fails unless stack said each docker command that the README
// gives for that variant: the README's, with the names of this test.
func (s *stack) sameCommands(variant, said string) {
	s.t.Helper()
	if os.Geteuid() != 0 || s.address != "unix:///var/run/docker.sock" {
		s.t.Logf("the README's commands are root's, on the usual engine: not compared with those on %s", s.address)
		return
	}
	readme := blocks(s.t, "examples/tg2em/README.md", "sh")
	if len(readme) != 2 {
		s.t.Fatalf("%d blocks of shell in the README; this test knows two", len(readme))
	}
	block := readme[map[string]int{"socket": 0, "token": 1}[variant]]
	root, err := filepath.Abs("../..")
	s.must(err)
	cmd := exec.CommandContext(s.t.Context(), "bash", "-c", showing+block)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	want := strings.NewReplacer(root+"/.run", s.files, " tg2em-prometheus --config", " tg2em-prometheus --config", // the image
		"tg2em=tg2em", "tg2em="+s.name, " tg2em-", " "+s.name+"-", "127.0.0.1:9090:", s.prometheus+":",
		" reconciler run ", " "+s.image+" run ").Replace(string(out))
	for line := range strings.Lines(want) {
		if !strings.Contains(said, line) {
			s.t.Errorf("the README says\n%q\nstack says\n%q", line, said)
		}
	}
}

const fromSocket = "docs/from-a-docker-socket-panel.md"

// use calls what the page makes of the old panel's functions.
const use = `
print(get_service_status("tgstate")["status"], get_service_status("scraper")["status"])
print(stop_service("tgstate")["status"], start_service("scraper")["status"])
print(set_states({"tgstate": "running", "scraper": "stopped"})["skipped"])
print(start_profile("business")["skipped"], get_service_status("tgstate")["pid"] > 0)
`

const used = `running stopped
stopped running
[]
[] True
`

// byHand makes the calls of the page, each as it stands there, and then uses
// its Python.
func (s *stack) byHand() {
	s.t.Helper()
	here := func(text string) string { return strings.ReplaceAll(text, "/run/reconciler/", s.files+"/socket/") }
	for line := range strings.Lines(blocks(s.t, fromSocket, "sh")[0]) {
		line = strings.Replace(here(line), "curl", "curl --fail-with-body", 1)
		out, err := exec.CommandContext(s.t.Context(), "bash", "-c", line).CombinedOutput()
		if err != nil || !strings.Contains(string(out), `"service`) && !strings.Contains(string(out), `"project"`) {
			s.t.Errorf("%s%v\n%s", line, err, out)
		}
	}
	s.becomes(s.name+"-tgstate", "running")
	s.becomes(s.name+"-tg2em-scrape", "exited")

	code := blocks(s.t, fromSocket, "python")
	python, err := exec.LookPath("python3")
	if err != nil {
		s.t.Logf("the page's functions are not tried, they are Python: %v", err)
		return
	}
	out, err := exec.CommandContext(s.t.Context(), python, "-c", here(code[0])+use+code[1]).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), used) || !strings.Contains(string(out), `did you mean "tgstate"?`) {
		s.t.Errorf("python3: %v\n%s\nwant\n%s, and what was meant", err, out, used)
	}
}
