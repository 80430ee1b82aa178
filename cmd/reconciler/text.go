package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// clean takes out of a text from outside what a terminal would obey: control
// characters, and those that turn the direction of writing. Newlines and tabs
// stay.
func clean(text string) string { return strings.Map(harmless, text) }

// harmless is the character, or -1 for one that clean takes out.
func harmless(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
		return -1
	}
	return r
}

// table is rows of cells; the first row is the head.
type table [][]string

// write aligns the columns, by how wide characters are on a terminal. Cells
// are cleaned; a cell is one line.
func (t table) write(w io.Writer) {
	var widths []int
	for i, row := range t {
		for j, cell := range row {
			cell = strings.Join(strings.Fields(clean(cell)), " ")
			t[i][j] = cell
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], runewidth.StringWidth(cell))
		}
	}
	for _, row := range t {
		var line strings.Builder
		for j, cell := range row {
			line.WriteString(cell)
			if j < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[j]-runewidth.StringWidth(cell)+2))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
