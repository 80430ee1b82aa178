package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile"
)

// problem is an error as HTTP tells it (RFC 9457).
type problem struct {
	Type   string            `json:"type"`
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Detail string            `json:"detail"`
	Errors []desired.Problem `json:"errors,omitempty"`

	allow string // the Allow header; empty: none
}

func newProblem(status int, kind, format string, args ...any) *problem {
	return &problem{Type: kind, Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

func (p *problem) write(w http.ResponseWriter) {
	if p.allow != "" {
		w.Header().Set("Allow", p.allow)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	writeJSON(w, p)
}

// writeJSON ends an answer. That the client went away is nobody's error.
func writeJSON(w http.ResponseWriter, v any) {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v)
}

// kinds is what each error means to a client: the errors' own texts are the
// types.
var kinds = []struct {
	err    error
	status int
}{
	{desired.ErrUnknownService, http.StatusNotFound},
	{desired.ErrUnsuitable, http.StatusUnprocessableEntity},
	{desired.ErrReadOnly, http.StatusConflict},
	{desired.ErrOwner, http.StatusConflict},
	{desired.ErrShape, http.StatusConflict},
	{desired.ErrFileInvalid, http.StatusConflict},
	{desired.ErrNoSpace, http.StatusInsufficientStorage},
	{desired.ErrStale, http.StatusPreconditionFailed},
	{desired.ErrByFileOnly, http.StatusForbidden},
	{reconcile.ErrRefused, http.StatusConflict},
	{engine.ErrUnavailable, http.StatusServiceUnavailable},
}

// kindNames are the types of the errors whose text is no type.
var kindNames = map[error]string{
	desired.ErrUnknownService: "unknown_service",
	desired.ErrUnsuitable:     "unsuitable_state",
	engine.ErrUnavailable:     "engine_unavailable",
}

// fail answers with what the error means.
func fail(w http.ResponseWriter, err error) {
	var invalid *desired.ParseError
	var large *http.MaxBytesError
	var ready *problem
	p := newProblem(http.StatusInternalServerError, "internal", "%v", err)
	switch {
	case errors.As(err, &ready):
		p = ready
	case errors.As(err, &large):
		p = newProblem(http.StatusRequestEntityTooLarge, "too_large", "the body may have %d bytes at most", large.Limit)
	default:
		for _, k := range kinds {
			if errors.Is(err, k.err) {
				name, ok := kindNames[k.err]
				if !ok {
					name = k.err.Error()
				}
				p = newProblem(k.status, name, "%v", err)
				break
			}
		}
		if errors.As(err, &invalid) {
			if p.Status == http.StatusInternalServerError {
				p = newProblem(http.StatusUnprocessableEntity, "invalid_state", "%v", err)
			}
			p.Errors = invalid.Problems
		}
	}
	p.write(w)
}

// Error makes a problem an error, for the helpers that return one.
func (p *problem) Error() string { return p.Detail }
