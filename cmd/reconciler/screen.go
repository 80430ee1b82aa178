package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// screen is what is written to: a terminal, or else a file or a pipe, which is
// the zero value. It is asked for anew whenever something is drawn, since a
// window changes its size.
type screen struct {
	terminal      bool
	width, height int // 0: unknown, nothing is cut
	colour        bool
}

func screenOf(w io.Writer) screen {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return screen{}
	}
	s := screen{terminal: true, colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	if width, height, err := term.GetSize(int(f.Fd())); err == nil {
		s.width, s.height = width, height
	}
	return s
}

// cut shortens a text that begins in this column, with an ellipsis, so that it
// ends on the line; one character remains at least.
func (s screen) cut(text string, column int) string {
	if s.width == 0 {
		return text
	}
	return runewidth.Truncate(text, max(s.width-column, 1), "…")
}

// frame draws the text over what was drawn before, as much of it as there are
// lines; it leaves nothing behind of that.
func (s screen) frame(w io.Writer, text string) error {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if most := s.height - 1; most > 0 && len(lines) > most {
		lines = append(lines[:most-1], fmt.Sprintf("… %d more", len(lines)-most+1))
	}
	var b strings.Builder
	b.WriteString("\x1b[H") // home
	for _, line := range lines {
		if !strings.Contains(line, "\x1b") { // a line with colours was cut by its table
			line = s.cut(line, 0)
		}
		b.WriteString(line + "\x1b[K\n") // and nothing behind it
	}
	b.WriteString("\x1b[J") // nor below
	_, err := io.WriteString(w, b.String())
	return err
}
