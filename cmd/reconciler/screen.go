package main

import (
	"io"
	"os"

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
