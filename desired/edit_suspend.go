package desired

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// equal reports whether both say the same, in whatever time zones.
func (s *Suspend) equal(other *Suspend) bool {
	if s == nil || other == nil {
		return s == other
	}
	return s.Until.Equal(other.Until) && s.Reason == other.Reason && s.By == other.By
}

// writable is s as a file can say it: in UTC, whole seconds.
func (s *Suspend) writable() (*Suspend, error) {
	w := *s
	if !s.Until.IsZero() {
		w.Until = s.Until.UTC().Truncate(time.Second)
		if y := w.Until.Year(); y < 1 || y > 9999 || w.Until.IsZero() {
			return nil, fmt.Errorf("the year of until must be between 1 and 9999")
		}
	}
	if !OneLine(w.Reason) || !OneLine(w.By) {
		return nil, errors.New("reason and by must each be " + lineForm)
	}
	return &w, nil
}

// text is the key and its value as an edit writes them, on one line; nil: false.
func (s *Suspend) text() string {
	if s == nil {
		return "suspend: false"
	}
	var said []string
	if !s.Until.IsZero() {
		said = append(said, "until: "+s.Until.UTC().Format(time.RFC3339))
	}
	if s.Reason != "" {
		said = append(said, "reason: "+doubleQuoted(s.Reason))
	}
	if s.By != "" {
		said = append(said, "by: "+doubleQuoted(s.By))
	}
	if said == nil {
		return "suspend: true"
	}
	return "suspend: {" + strings.Join(said, ", ") + "}"
}

// doubleQuoted is the text, of one line, as YAML's double-quoted scalar, without
// what a reader can't see.
func doubleQuoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
