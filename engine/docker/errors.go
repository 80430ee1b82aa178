package docker

import (
	"errors"
	"fmt"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"reconciler/engine"
)

// sentinel wraps the client's error in the port's, by the API's status codes
// (reliability: measured on 20.10 and on the current engine).
func sentinel(err error) error {
	switch {
	case client.IsErrConnectionFailed(err):
		return fmt.Errorf("%w: %w", engine.ErrUnavailable, err)
	case cerrdefs.IsNotFound(err): // 404
		return fmt.Errorf("%w: %w", engine.ErrNotFound, err)
	case cerrdefs.IsConflict(err): // 409
		return fmt.Errorf("%w: %w", engine.ErrConflict, err)
	case cerrdefs.IsInvalidArgument(err) && strings.Contains(err.Error(), "client version"): // 400: "client version 1.x is too new"
		return fmt.Errorf("%w: %w", engine.ErrUnavailable, err)
	case cerrdefs.IsInvalidArgument(err): // 400
		return fmt.Errorf("%w: %w", engine.ErrInvalid, err)
	case cerrdefs.IsInternal(err), cerrdefs.IsPermissionDenied(err), cerrdefs.IsUnauthorized(err): // 500, 403, 401
		return &refusal{err}
	}
	// A connection that ended, an answer that was cut off: nothing was learnt.
	return fmt.Errorf("%w: %w", engine.ErrUnavailable, err)
}

// refusal is an answer of the engine for which the port has no word of its own.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// startError tells apart what the API doesn't: a start answers 404 both where
// the container is gone and where its command, image or network is, and 500
// where a mount or a port is refused.
func startError(err error) error {
	var r *refusal
	switch {
	case errors.Is(err, engine.ErrNotFound) && !strings.Contains(err.Error(), "No such container"):
		return &retold{err}
	case errors.As(err, &r):
		return fmt.Errorf("%w: %w", engine.ErrInvalid, err)
	}
	return err
}

// retold is ErrInvalid with the words of an error that was another.
type retold struct{ err error }

func (r *retold) Error() string {
	return strings.Replace(r.err.Error(), engine.ErrNotFound.Error(), engine.ErrInvalid.Error(), 1)
}
func (r *retold) Unwrap() error { return engine.ErrInvalid }
