package desired

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// lineForm is what OneLine asks for, in words.
const lineForm = "one line of text, without control characters"

// OneLine reports whether the text shows as it is written, on one line,
// wherever it is shown: there is no control character in it, no line break, and
// nothing that turns the direction of writing; nor U+FFFD, which is what
// becomes of bytes that are no text.
func OneLine(text string) bool { return !strings.ContainsFunc(text, obeyed) }

func obeyed(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) || r == utf8.RuneError
}

// Harmful reports what a terminal would obey instead of showing it: control
// characters but newline and tab, and those that turn the direction of writing.
func Harmful(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}

// Harmless is a text from outside without what is Harmful. Every text that leaves
// the program as text goes through it.
func Harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if Harmful(r) {
			return -1
		}
		return r
	}, text)
}

// HarmlessJSON is JSON that says the same, and in which what is Harmful is
// escaped: JSON itself leaves some of it as it is.
func HarmlessJSON(src []byte) []byte {
	out := src[:0:0]
	from := 0
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if r >= 0x7f && Harmful(r) { // what is below is escaped, or between the values
			out = fmt.Appendf(append(out, src[from:i]...), `\u%04x`, r)
			from = i + size
		}
		i += size
	}
	if from == 0 {
		return src
	}
	return append(out, src[from:]...)
}

// maxQuoted is how many characters of one piece of a file, or a request, are shown.
const maxQuoted = 200

// Quoted is a piece of somebody else's text as a message shows it: with %q in
// quotes, with %s or %v as it is, but for what is no OneLine, which is escaped.
// What is longer than 200 characters then ends in "…"; an escape is whole or not
// there.
type Quoted string

// Format implements fmt.Formatter.
func (q Quoted) Format(f fmt.State, verb rune) {
	mark := ""
	if verb == 'q' {
		mark = `"`
	}
	var out strings.Builder
	out.WriteString(mark)
	length := 0
	for _, r := range string(q) {
		piece := shown(r, verb)
		if length += utf8.RuneCountInString(piece); length > maxQuoted {
			out.WriteString("…")
			break
		}
		out.WriteString(piece)
	}
	out.WriteString(mark)
	_, _ = f.Write([]byte(out.String())) // it is fmt's own buffer
}

// shown is one character as Quoted shows it.
func shown(r, verb rune) string {
	switch {
	case verb == 'q' && r != utf8.RuneError:
		quoted := strconv.Quote(string(r))
		return quoted[1 : len(quoted)-1]
	case obeyed(r):
		return fmt.Sprintf(`\u%04x`, r)
	}
	return string(r)
}
