package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"

	"reconciler/desired"
)

// clean takes out of a text from outside what a terminal would obey.
func clean(text string) string { return desired.Harmless(text) }

// writeJSON writes the value, indented, and nothing that a terminal would obey.
func writeJSON(w io.Writer, value any) error {
	src, err := json.MarshalIndent(value, "", "  ")
	if err == nil {
		_, err = w.Write(append(desired.HarmlessJSON(src), '\n'))
	}
	return err
}

// hue is a colour of a terminal, as the code that turns it on; 0: none.
type hue int

// What a colour says.
const (
	fine  hue = 32 // green
	doubt hue = 33 // yellow
	wrong hue = 31 // red
)

// table is rows of cells; the first row is the head.
type table [][]string

// write aligns the columns, by how wide characters are on a terminal. Cells
// are cleaned; a cell is one line. Where the screen is narrow, the last column
// is cut. hues says in which colour a cell is, on a screen that has some; nil:
// in none.
func (t table) write(w io.Writer, s screen, hues func(row, column int) hue) {
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
	for i, row := range t {
		var line strings.Builder
		at := 0
		for j, cell := range row {
			pad := widths[j] - runewidth.StringWidth(cell) + 2
			if last := j == len(row)-1; last {
				cell, pad = s.cut(cell, at), 0
			}
			at += widths[j] + 2
			if s.colour && hues != nil && hues(i, j) != 0 {
				cell = fmt.Sprintf("\x1b[%dm%s\x1b[0m", hues(i, j), cell)
			}
			line.WriteString(cell + strings.Repeat(" ", pad))
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
