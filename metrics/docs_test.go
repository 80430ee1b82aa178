package metrics

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
)

var update = flag.Bool("update", false, "write the table of docs/metrics.md anew")

const (
	docs  = "../docs/metrics.md"
	begin = "<!-- Generated: go test ./metrics -run TestTheDocsAreWhatIsTold -update -->\n"
	end   = "<!-- End of what is generated -->\n"
)

// TestTheDocsAreWhatIsTold keeps the table of docs/metrics.md what the program
// tells Prometheus.
func TestTheDocsAreWhatIsTold(t *testing.T) {
	page, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s lacks the marks of what is generated", docs)
	}
	want := before + begin + table(t) + end + after
	if string(page) == want {
		return
	}
	if !*update {
		t.Fatalf("%s is not what is told; run the command that it names. It should say:\n%s", docs, table(t))
	}
	if err := os.WriteFile(docs, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// table describes each public metric as it is told.
func table(t *testing.T) string {
	m, _ := newTest(service("web"))
	m.ObserveHTTP("/v1/state", "GET", 200, time.Second)
	families := gather(t, m)
	var b strings.Builder
	b.WriteString("\n| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n")
	for _, name := range sectionSeven() {
		f := families[name]
		if f == nil {
			t.Fatalf("%s is not told", name)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, strings.ToLower(f.GetType().String()), labels(f), f.GetHelp())
	}
	b.WriteString("\n")
	return b.String()
}

// labels names those of the family, with their values where these are a set
// that is told in full.
func labels(f *dto.MetricFamily) string {
	var names []string
	for _, l := range f.Metric[0].Label {
		names = append(names, "`"+l.GetName()+"`"+values(f, l.GetName()))
	}
	return strings.Join(names, ", ")
}

func values(f *dto.MetricFamily, label string) string {
	switch label {
	case "project", "service", "version", "route", "method", "code":
		return ""
	}
	if strings.HasSuffix(f.GetName(), "service_stalled") {
		return ""
	}
	var known []string
	seen := make(map[string]bool)
	for _, m := range f.Metric {
		for _, l := range m.Label {
			if l.GetName() == label && !seen[l.GetValue()] {
				seen[l.GetValue()] = true
				known = append(known, l.GetValue())
			}
		}
	}
	return " (" + strings.Join(known, " ") + ")"
}
