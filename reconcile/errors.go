package reconcile

import "errors"

// ErrRefused: the act doesn't suit the service now (409): it isn't wanted
// running and no job, it is suspended, or it has no container. The error's text
// says which. Besides it the acts return desired.ErrUnknownService and
// engine.ErrUnavailable.
var ErrRefused = errors.New("refused")
