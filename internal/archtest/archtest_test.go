package archtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestTheTreeKeepsEachRule(t *testing.T) {
	tree, err := Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Go) < 10 {
		t.Fatalf("only %d Go files were found, so nothing is proven", len(tree.Go))
	}
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			for _, finding := range rule.Check(tree) {
				t.Error(finding)
			}
		})
	}
}

// TestEachRuleCatchesWhatBreaksIt reads testdata/<rule>.txt: first the
// findings, one a line; then, each behind a line "-- path --", files that
// break the rule and files that come near and don't.
func TestEachRuleCatchesWhatBreaksIt(t *testing.T) {
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			want, files := fixture(t, filepath.Join("testdata", rule.Name+".txt"))
			tree, err := Load(files)
			if err != nil {
				t.Fatal(err)
			}
			got := rule.Check(tree)
			slices.Sort(got)
			slices.Sort(want)
			if len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("found:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestEachFixtureHasARule(t *testing.T) {
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(Rules()) {
		t.Errorf("%d fixtures for %d rules", len(entries), len(Rules()))
	}
}

func fixture(t *testing.T, name string) (want []string, files fstest.MapFS) {
	t.Helper()
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files = make(fstest.MapFS)
	var file *fstest.MapFile
	for line := range strings.Lines(string(src)) {
		mark, starts := strings.CutPrefix(line, "-- ")
		switch {
		case starts:
			file = &fstest.MapFile{}
			files[strings.TrimSuffix(mark, " --\n")] = file
		case file != nil:
			file.Data = append(file.Data, line...)
		case strings.TrimSpace(line) != "":
			want = append(want, strings.TrimSpace(line))
		}
	}
	return want, files
}
