package desired

import (
	"errors"
	"fmt"
	"strings"

	"reconciler/desired/desk"
)

// The reasons for which the Store refuses an edit. The error's text says what
// to do instead. Each is the `type` of an HTTP problem (docs/http.md).
var (
	// ErrReadOnly: the file or its directory can't be written (409 state_read_only).
	ErrReadOnly = errors.New("state_read_only")
	// ErrOwner: the owner or mode of the file could not be kept (409 state_owner).
	ErrOwner = errors.New("state_owner")
	// ErrShape: the edit can't be made in place; the text holds the lines to
	// write by hand (409 state_shape).
	ErrShape = errors.New("state_shape")
	// ErrBlocked: the file or the data directory lies on a disk that doesn't
	// answer, or is something that never ends (503 state_blocked).
	ErrBlocked = desk.ErrBlocked
	// ErrFileInvalid: the file on disk is invalid now, so nothing is written
	// over it (409 state_invalid).
	ErrFileInvalid = errors.New("state_invalid")
	// ErrNoSpace: the disk is full; the old file is intact (507).
	ErrNoSpace = errors.New("no_space")
	// ErrStale: the file isn't the one that If-Match names (412).
	ErrStale = errors.New("stale")
	// ErrByFileOnly: this may be changed in the file only (403 by_file_only).
	ErrByFileOnly = errors.New("by_file_only")
	// ErrUnknownService: the file lists no such service (404).
	ErrUnknownService = errors.New("unknown service")
	// ErrUnknownRevision: no revision of that number is kept (404).
	ErrUnknownRevision = errors.New("unknown revision")
	// ErrUnsuitable: the service can't be asked to be that (422).
	ErrUnsuitable = errors.New("unsuitable state")
)

// The reasons for which Open fails, besides a *ParseError.
var (
	// ErrLocked: another instance holds the data directory (exit 3).
	ErrLocked = errors.New("locked by another instance")
	// ErrDataDir: the data directory can't be used (exit 2).
	ErrDataDir = errors.New("data directory unusable")
)

// Problem is one thing wrong with a document. Line and Column count from 1;
// 0 means that the problem has no place in the text.
type Problem struct {
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// ParseError is everything wrong with a document, at least one Problem, in the
// order of the text.
type ParseError struct {
	File     string // as named by the user, e.g. state.yaml
	Problems []Problem
}

// Error gives one line a problem: FILE:LINE:COL: what.
func (e *ParseError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		if p.Line > 0 {
			fmt.Fprintf(&b, "%s:%d:%d: %s", e.File, p.Line, p.Column, p.Message)
		} else {
			fmt.Fprintf(&b, "%s: %s", e.File, p.Message)
		}
	}
	return b.String()
}
