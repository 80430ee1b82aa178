package desired

import (
	"bytes"
	"errors"
	"slices"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// patch replaces the bytes from..to; an insertion where they are the same.
type patch struct {
	from, to int
	text     string
}

// apply makes patches that don't overlap; an insertion comes before what is
// replaced at the same place.
func apply(src []byte, patches []patch) []byte {
	slices.SortStableFunc(patches, func(a, b patch) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return a.to - b.to
	})
	out := make([]byte, 0, len(src)+256)
	last := 0
	for _, p := range patches {
		out = append(out, src[last:p.from]...)
		out = append(out, p.text...)
		last = p.to
	}
	return append(out, src[last:]...)
}

// stride is how many characters lie between the marks of a text.
const stride = 64

// text is a source by lines, as the YAML library counts them. To find a place
// in it costs as much on a line of a megabyte as on a short one.
type text struct {
	src   []byte
	lines []lineOf
	marks []int // where the first character of the source begins, and each stride further
}

// lineOf is where a line begins, where its break does (the last may have none),
// and which character of the source, a break being one, is its first.
type lineOf struct{ start, end, first int }

func newText(src []byte) text {
	t := text{src: src, lines: []lineOf{{}}}
	for i, character := 0, 0; i < len(src); character++ {
		if character%stride == 0 {
			t.marks = append(t.marks, i)
		}
		_, size := utf8.DecodeRune(src[i:])
		width := breakWidth(src[i:])
		if width > 0 {
			t.lines[len(t.lines)-1].end = i
		}
		if i += max(size, width); width > 0 {
			t.lines = append(t.lines, lineOf{start: i, first: character + 1})
		}
	}
	t.lines[len(t.lines)-1].end = len(src)
	return t
}

// breakWidth is how many bytes of a line break src begins with: YAML 1.1 has
// more of them than line feed.
func breakWidth(src []byte) int {
	if len(src) == 0 || ' ' <= src[0] && src[0] < utf8.RuneSelf {
		return 0 // nearly always
	}
	for _, b := range []string{"\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"} {
		if bytes.HasPrefix(src, []byte(b)) {
			return len(b)
		}
	}
	return 0
}

// line is where line n, from 1, begins, where its break does, and where the
// next line does. The last line may have no break.
func (t text) line(n int) (start, end, next int) {
	next = len(t.src)
	if n < len(t.lines) {
		next = t.lines[n].start
	}
	return t.lines[n-1].start, t.lines[n-1].end, next
}

// at is where a node begins; columns count characters.
func (t text) at(n *yaml.Node) (int, bool) {
	if n.Line < 1 || n.Line > len(t.lines) {
		return 0, false
	}
	line := t.lines[n.Line-1]
	character := line.first + n.Column - 1
	if character/stride >= len(t.marks) {
		return 0, false
	}
	at, ahead := line.start, n.Column-1
	if mark := t.marks[character/stride]; mark > at {
		at, ahead = mark, character%stride
	}
	for range ahead {
		_, size := utf8.DecodeRune(t.src[at:])
		at += size
	}
	return at, at < line.end
}

// errSpan: a value has no beginning and end that can be told for sure.
var errSpan = errors.New("is written in a way that can't be replaced")

// span is where a value begins and ends that stands on one line: a scalar,
// plain or in quotes, or a flow mapping of such.
func (t text) span(n *yaml.Node) (from, to int, err error) {
	from, ok := t.at(n)
	if !ok {
		return 0, 0, errSpan
	}
	_, end, _ := t.line(n.Line)
	length := -1
	switch rest := t.src[from:end]; {
	case n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle != 0:
		return t.flow(n, from, end)
	case n.Kind != yaml.ScalarNode:
	case n.Style == yaml.DoubleQuotedStyle, n.Style == yaml.SingleQuotedStyle:
		length = quotedLength(rest)
	case n.Style == 0 && bytes.HasPrefix(rest, []byte(n.Value)):
		length = len(n.Value)
	}
	if length < 0 {
		return 0, 0, errSpan
	}
	return from, from + length, nil
}

// flow is the span of a flow mapping that begins at from.
func (t text) flow(n *yaml.Node, from, end int) (int, int, error) {
	to := from + len("{")
	for _, c := range n.Content {
		if c.Line != n.Line {
			return 0, 0, errSpan
		}
		var err error
		if _, to, err = t.span(c); err != nil {
			return 0, 0, err
		}
	}
	rest := bytes.TrimLeft(t.src[to:end], " \t,")
	if !bytes.HasPrefix(rest, []byte("}")) {
		return 0, 0, errSpan
	}
	return from, end - len(rest) + len("}"), nil
}

// quotedLength is the length of the quoted scalar with which the rest of a line
// begins; -1: it does not end there.
func quotedLength(rest []byte) int {
	quote := rest[0]
	for i := 1; i < len(rest); i++ {
		switch {
		case quote == '"' && rest[i] == '\\':
			i++
		case quote == '\'' && bytes.HasPrefix(rest[i:], []byte("''")):
			i++
		case rest[i] == quote:
			return i + 1
		}
	}
	return -1
}
