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
	case errors.Is(err, engine.ErrInvalid): // told apart already
		return err
	case client.IsErrConnectionFailed(err):
		return fmt.Errorf("%w: %w", engine.ErrUnavailable, err)
	case cerrdefs.IsNotFound(err): // 404
		return fmt.Errorf("%w: %w", engine.ErrNotFound, err)
	case cerrdefs.IsConflict(err): // 409
		return fmt.Errorf("%w: %w", engine.ErrConflict, err)
	case otherVersion(err):
		return fmt.Errorf("%w: %w", engine.ErrUnavailable, err)
	case cerrdefs.IsInvalidArgument(err): // 400
		return fmt.Errorf("%w: %w", engine.ErrInvalid, err)
	case refused(err):
		return err
	}
	// A connection that ended, an answer that was cut off: nothing was learnt.
	return fmt.Errorf("%w: %w", engine.ErrUnavailable, err)
}

// otherVersion reports that the engine doesn't speak the client's version any
// more (400): "client version 1.x is too new".
func otherVersion(err error) bool {
	return cerrdefs.IsInvalidArgument(err) && strings.Contains(err.Error(), "client version")
}

// refused reports an answer for which the port has no word of its own.
func refused(err error) bool { // 500, 403, 401
	return cerrdefs.IsInternal(err) || cerrdefs.IsPermissionDenied(err) || cerrdefs.IsUnauthorized(err)
}

// noSuchContainer reports that it is this container that a 404 is about.
func noSuchContainer(err error, id string) bool {
	return strings.Contains(err.Error(), "No such container: "+id)
}

// startError tells apart what the API doesn't: a start answers 404 both where
// the container is gone and where its command, image or network is, or the
// container whose network it joins; 409 where that one doesn't run; 400 where its
// command or a mount is refused; and 500 where a port is. Its refusals are *engine.Refusal.
func startError(err error, id string) error {
	otherGone := cerrdefs.IsNotFound(err) && !noSuchContainer(err, id)
	switch {
	case otherGone || refused(err) || cerrdefs.IsInvalidArgument(err) && !otherVersion(err):
		return refusal(err)
	case cerrdefs.IsConflict(err): // its own state, or that of one whose namespace it joins
		if r := refusal(err); r.Kind == engine.NamespaceDown && r.Subject != id {
			return r
		}
	}
	return err
}
