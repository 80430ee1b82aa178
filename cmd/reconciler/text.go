package main

import (
	"strings"
	"unicode"
)

// clean takes out of a text from outside what a terminal would obey: control
// characters, and those that turn the direction of writing. Newlines and tabs
// stay.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text)
}
