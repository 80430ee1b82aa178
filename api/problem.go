package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/internal/rendering"
	"reconciler/reconcile"
)

// problem is an error as HTTP tells it (RFC 9457).
type problem struct {
	Type   string            `json:"type"`
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Detail string            `json:"detail"`
	Errors []desired.Problem `json:"errors,omitempty"`

	header map[string]string // what else the answer carries
}

// newProblem is a problem with that detail, which shows no more of a text among
// the arguments than desired.Quoted does.
func newProblem(status int, kind, format string, args ...any) *problem {
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = desired.Quoted(text)
		}
	}
	return &problem{Type: kind, Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

func (p *problem) write(w http.ResponseWriter) {
	set(w, p.header)
	w.Header().Set("Content-Type", typeProblem)
	w.WriteHeader(p.Status)
	_ = encodeJSON(w, p) // that the client went away is nobody's error
}

// kinds is what each error means to a client.
var kinds = []struct {
	err    error
	status int
	kind   string
}{
	{desired.ErrUnknownService, http.StatusNotFound, "unknown_service"},
	{desired.ErrUnknownRevision, http.StatusNotFound, "unknown_revision"},
	{desired.ErrUnsuitable, http.StatusUnprocessableEntity, "unsuitable_state"},
	{desired.ErrReadOnly, http.StatusConflict, "state_read_only"},
	{desired.ErrOwner, http.StatusConflict, "state_owner"},
	{desired.ErrShape, http.StatusConflict, "state_shape"},
	{desired.ErrFileInvalid, http.StatusConflict, "state_invalid"},
	{desired.ErrNoSpace, http.StatusInsufficientStorage, "no_space"},
	{desired.ErrBlocked, http.StatusServiceUnavailable, "state_blocked"},
	{desired.ErrUnheld, http.StatusServiceUnavailable, "state_unheld"},
	{desired.ErrStale, http.StatusPreconditionFailed, "stale"},
	{desired.ErrByFileOnly, http.StatusForbidden, "by_file_only"},
	{reconcile.ErrRefused, http.StatusConflict, "refused"},
	{engine.ErrUnavailable, http.StatusServiceUnavailable, "engine_unavailable"},
	{engine.ErrBusy, http.StatusServiceUnavailable, "too_many_logs"}, // nothing else has so few places
}

// explain makes an error a problem; one that has no meaning here is our own
// fault (500).
func explain(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	if errors.Is(err, rendering.ErrBusy) || errors.Is(err, context.Canceled) { // or the client has gone
		return busy("%v; ask again in a moment", err)
	}
	p = newProblem(http.StatusInternalServerError, "internal", "%v", err)
	var invalid *desired.ParseError
	if errors.As(err, &invalid) {
		p = newProblem(http.StatusUnprocessableEntity, "invalid_state", "%v", err)
		p.Errors = invalid.Problems
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			p.Type, p.Title, p.Status = k.kind, http.StatusText(k.status), k.status
			break
		}
	}
	return p
}

// Error makes a problem an error, for the functions that return one.
func (p *problem) Error() string { return p.Detail }
