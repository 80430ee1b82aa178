package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	code    = regexp.MustCompile("`([^`\n]+)`")
	link    = regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)
	fenced  = regexp.MustCompile("(?ms)^\\s*```.*?^\\s*```")
	pathish = regexp.MustCompile(`^[A-Za-z0-9_.*-]+(/[A-Za-z0-9_.*-]+)*/?$`)
)

// extensions make a word without a slash a file's name.
var extensions = []string{".go", ".md", ".yaml", ".yml", ".txt", ".json", ".html", ".css", ".mod", ".sum"}

// notOurs are names of files that a text may speak of and that aren't in the
// tree: the user's, another tool's, or made when the program runs.
var notOurs = []string{
	"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", "compose.override.yaml",
	"daemon.json", "prometheus.yml", "requirements.txt", "go.work",
}

// docPaths finds paths that a text names and that don't exist: the target of a
// link, and a word in code that has a file's extension, ends in a slash, or
// begins with a folder of the tree. A path may have stars. A bare name is
// looked for anywhere; a path, from the root and beside the text.
func docPaths(t Tree) []string {
	known := t.known()
	var found []string
	for _, doc := range t.paths() {
		if path.Ext(doc) != ".md" {
			continue
		}
		text := fenced.ReplaceAllString(t.Text[doc], "")
		words := append(matches(code, text), matches(link, text)...)
		links := matches(link, text)
		for _, word := range words {
			linked := slices.Contains(links, word) && !strings.Contains(word, ":")
			if (linked || namesPath(word, known)) && !exists(word, doc, known) {
				found = append(found, fmt.Sprintf("%s: names %s, which doesn't exist", doc, word))
			}
		}
	}
	return found
}

// known are all files and folders.
func (t Tree) known() map[string]bool {
	known := make(map[string]bool)
	for p := range t.Text {
		for ; p != "."; p = path.Dir(p) {
			known[p] = true
		}
	}
	return known
}

func matches(re *regexp.Regexp, text string) []string {
	var words []string
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		words = append(words, m[1])
	}
	return words
}

// namesPath reports whether the word means a path of this tree.
func namesPath(word string, known map[string]bool) bool {
	if !pathish.MatchString(word) || slices.Contains(notOurs, path.Base(word)) {
		return false
	}
	first, _, deep := strings.Cut(word, "/")
	switch {
	case deep && strings.Contains(first, ".") && !strings.HasPrefix(first, "."):
		return false // a module of others: github.com/…
	case slices.Contains(extensions, path.Ext(word)) || strings.HasSuffix(word, "/"):
		return !strings.HasPrefix(word, ".") || strings.HasPrefix(word, "..") || strings.HasPrefix(word, ".ci/")
	}
	return deep && known[first]
}

// exists reports whether the path is there, from the root, beside the text or,
// for a bare name, anywhere.
func exists(word, doc string, known map[string]bool) bool {
	word = strings.TrimSuffix(word, "/")
	bare := !strings.Contains(word, "/")
	for p := range known {
		for _, want := range []string{path.Clean(word), path.Join(path.Dir(doc), word)} {
			if ok, err := path.Match(want, p); ok && err == nil {
				return true
			}
		}
		if ok, err := path.Match(word, path.Base(p)); bare && ok && err == nil {
			return true
		}
	}
	return false
}

// testName is what a text calls a test, and bareTestName what the Makefile does.
var (
	testName     = regexp.MustCompile("`(Test[A-Z]\\w*)`")
	bareTestName = regexp.MustCompile(`\b(Test[A-Z]\w*)`)
)

// docTests finds tests that a text or the Makefile names and that don't exist:
// what a table of proofs claims is nothing without them, and what is to be left
// out or run isn't.
func docTests(t Tree) []string {
	known := make(map[string]bool)
	for _, f := range t.Go {
		for _, d := range f.AST.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.Test() {
				known[fn.Name.Name] = true
			}
		}
	}
	var found []string
	for _, doc := range t.paths() {
		called := testName
		switch {
		case doc == "Makefile":
			called = bareTestName
		case path.Ext(doc) != ".md":
			continue
		}
		for _, name := range matches(called, t.Text[doc]) {
			if !known[name] {
				found = append(found, fmt.Sprintf("%s: names %s, which doesn't exist", doc, name))
			}
		}
	}
	return found
}

// machine is the beginning of a path that is there on one machine only.
var machine = regexp.MustCompile(`(^|[^A-Za-z0-9_./-])/(work|tmp|root|home)/[A-Za-z0-9_.]`)

// machinePaths finds paths of the machine where something was written.
func machinePaths(t Tree) []string {
	return lines(t, func(line string) string { return strings.TrimLeft(machine.FindString(line), " \t\"'`(=:") }, "is a path of one machine")
}

// unfinished is what a text says that isn't finished, in pieces so that it
// doesn't find itself.
var unfinished = regexp.MustCompile(`\b(` + "TO" + "DO|FIX" + "ME|X" + `XX)\b`)

// todo finds what isn't finished: an issue is the place for that.
func todo(t Tree) []string {
	return lines(t, unfinished.FindString, "belongs into an issue")
}

// lines finds lines in which find finds something.
func lines(t Tree, find func(line string) string, what string) []string {
	var found []string
	for _, p := range t.paths() {
		for i, l := range strings.Split(t.Text[p], "\n") {
			if word := find(l); word != "" {
				found = append(found, fmt.Sprintf("%s:%d: %s %s", p, i+1, word, what))
			}
		}
	}
	return found
}
