package desired

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// The limits of a document (docs/state.md).
const (
	maxSize  = 1 << 20
	maxDepth = 32
	// maxValues bounds what the YAML library builds: of the dearest it makes half
	// a million nodes out of maxSize, some 200 MB.
	maxValues = 50_000
)

// Parse reads a document of version 1. file is its name in the errors. The
// error is a *ParseError with all that is wrong, not just the first, as far as a
// person would read on (docs/state.md). It takes time and memory in proportion
// to the length of src, whatever is in it.
func Parse(file string, src []byte) (*Document, error) {
	p := &parser{}
	doc := &Document{Source: src, Digest: digest(src)}
	if root := p.read(src); root != nil {
		p.document(root, doc)
	}
	if problems := p.told(); problems != nil {
		return nil, &ParseError{File: file, Problems: problems}
	}
	return doc, nil
}

func digest(src []byte) string {
	sum := sha256.Sum256(src)
	return hex.EncodeToString(sum[:])
}

// read returns the root of the only document, or nil.
func (p *parser) read(src []byte) *yaml.Node {
	if !p.text(src) {
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(src))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		p.failAt(1, 1, "the file is empty; it needs at least: version, project and services")
		return nil
	case err != nil:
		p.syntax(err)
		return nil
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		p.fail(&second, "a second document begins here; the file may hold only one")
	} else if !errors.Is(err, io.EOF) {
		p.syntax(err)
	}
	if !p.plain(&doc, 0) || p.failed() {
		return nil
	}
	return doc.Content[0]
}

// text refuses what is no text of a sensible size.
func (p *parser) text(src []byte) bool {
	switch {
	case len(src) > maxSize:
		p.failAt(1, 1, "the file is longer than %d bytes, which is the limit", maxSize)
	case bytes.HasPrefix(src, []byte("\xef\xbb\xbf")):
		p.failAt(1, 1, "the file begins with a byte order mark; save it as UTF-8 without one")
	case bytes.IndexByte(src, 0) >= 0:
		line, column := place(src, bytes.IndexByte(src, 0))
		p.failAt(line, column, "a NUL byte; the file must be text")
	case !utf8.Valid(src):
		i := 0
		for i < len(src) {
			r, size := utf8.DecodeRune(src[i:])
			if r == utf8.RuneError && size <= 1 {
				break
			}
			i += size
		}
		line, column := place(src, i)
		p.failAt(line, column, "a byte that is not UTF-8")
	case values(src) > maxValues:
		p.failAt(1, 1, "the file has more than %d values, which is the limit; say what is common to services under defaults", maxValues)
	}
	return !p.failed()
}

// values is how many values a document has at most, without a look at what it
// means: each begins behind a mark of YAML's, of which there may be more in
// texts and behind values. Lines that are all comment count nothing, but where
// they may be something else: the end of a text, or several lines to YAML.
func values(src []byte) int {
	count := 0
	for line := range bytes.Lines(src) {
		if bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("#")) && !bytes.ContainsAny(bytes.TrimRight(line, "\r\n"), "\"'\r\u0085\u2028\u2029") {
			continue
		}
		for i, c := range line {
			switch c {
			case ',', '[', '{':
				count++
			case ':', '-', '?':
				if i+1 == len(line) || bytes.IndexByte([]byte(" \t,[]{}"), line[i+1]) >= 0 || breakWidth(line[i+1:]) > 0 {
					count++
				}
			}
		}
	}
	return count
}

// place is the line and column of the byte at that offset.
func place(src []byte, offset int) (line, column int) {
	before := src[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

// syntax is what the YAML library says of what is no YAML.
func (p *parser) syntax(err error) {
	text := err.Error()
	line := 1
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits, by the expression
		text = m[2]
	}
	text = strings.TrimPrefix(text, "yaml: ")
	if strings.Contains(text, "cannot start any token") {
		text += " (a tab? indent with spaces)"
	}
	p.failAt(max(1, line), 1, "not YAML: %s", text)
}

// plain refuses what makes a document say something else than it seems to.
func (p *parser) plain(n *yaml.Node, depth int) bool {
	if depth > maxDepth {
		p.fail(n, "nested deeper than %d levels", maxDepth)
		return false
	}
	switch {
	case n.Kind == yaml.AliasNode:
		p.fail(n, "an alias (*%s); write the value out", n.Value)
		return false
	case n.Anchor != "":
		p.fail(n, "an anchor (&%s); write the value out", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		p.fail(n, "a tag (%s); leave it out", n.Tag)
	case n.Kind == yaml.ScalarNode && n.Tag == "!!merge":
		p.fail(n, "a merge key (<<); write the values out")
	}
	ok := true
	for _, c := range n.Content {
		ok = p.plain(c, depth+1) && ok
	}
	return ok
}

// field is one key of a mapping, and its value.
type field struct{ key, value *yaml.Node }

// fields returns the fields of a mapping by name, and fails for any other node,
// for keys that are not allowed and for those given twice. A nil allowed: any.
func (p *parser) fields(n *yaml.Node, what string, allowed []string) map[string]field {
	if n.Kind != yaml.MappingNode {
		p.fail(n, "%s must be a mapping (key: value)", what)
		return nil
	}
	found := make(map[string]field, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		first, twice := found[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode:
			p.fail(key, "a key of %s must be a word", what)
		case twice:
			p.fail(key, "%q stands here twice, first on line %d", key.Value, first.key.Line)
		case allowed != nil && !slices.Contains(allowed, key.Value):
			p.fail(key, "%s has no key %q%s", what, key.Value, p.suggest(key.Value, allowed))
		default:
			found[key.Value] = field{key, value}
		}
	}
	return found
}
