package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"reconciler/desired"
)

// maxReason is the most characters of a reason.
const maxReason = 200

// flip is the body of what changes a service.
type flip struct {
	State  desired.State `json:"state"`
	Reason string        `json:"reason"`
}

// mediaType is the type of the body; empty where there is no body and none was
// said.
func mediaType(r *http.Request) string {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return r.Header.Get("Content-Type")
	}
	return kind
}

// readBody reads the whole body. That it is too large, ends early or doesn't
// end in time is the client's fault.
func readBody(r *http.Request) ([]byte, error) {
	if coding := r.Header.Get("Content-Encoding"); coding != "" {
		return nil, newProblem(http.StatusUnsupportedMediaType, "media_type", "the body is coded as %q; send it as it is", coding)
	}
	body, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, newProblem(http.StatusRequestEntityTooLarge, "too_large", "the body may have %d bytes at most", large.Limit)
	case err != nil:
		return nil, newProblem(http.StatusBadRequest, "malformed", "the body can't be read: %v", err)
	}
	return body, nil
}

// readFlip reads the body of a flip: JSON, or where plain is set, the state as
// text. No body is an empty flip.
func readFlip(r *http.Request, plain bool) (flip, error) {
	var f flip
	body, err := readBody(r)
	if err != nil {
		return f, err
	}
	switch kind := mediaType(r); {
	case len(body) == 0 && !plain: // some clients name a type with no body, too
	case kind == "application/json":
		if err := strict(body, &f); err != nil {
			return f, err
		}
	case plain && (kind == "" || kind == "text/plain"):
		f.State = desired.State(bytes.TrimSpace(body))
	default:
		return f, newProblem(http.StatusUnsupportedMediaType, "media_type", "the body is %q; send it with Content-Type: application/json%s", kind, map[bool]string{true: " or text/plain"}[plain])
	}
	if !utf8.ValidString(f.Reason) || utf8.RuneCountInString(f.Reason) > maxReason || strings.ContainsFunc(f.Reason, unsafeRune) {
		return f, newProblem(http.StatusBadRequest, "reason", "a reason is one line of at most %d characters", maxReason)
	}
	return f, nil
}

// unsafeRune reports what can't stand in one line that shows as it is written;
// utf8.RuneError is what the decoder makes of half a surrogate pair.
func unsafeRune(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) || r == utf8.RuneError
}

// query returns a query parameter, and refuses parameters that the route
// doesn't know.
func query(r *http.Request, known ...string) (map[string]string, error) {
	found := make(map[string]string)
	all, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, "query", "the query can't be read: %v", err)
	}
	for name, values := range all {
		switch {
		case !slices.Contains(known, name):
			return nil, newProblem(http.StatusBadRequest, "query", "there is no parameter %q here%s", name, desired.Suggest(name, known))
		case len(values) > 1:
			return nil, newProblem(http.StatusBadRequest, "query", "the parameter %q stands there twice", name)
		}
		found[name] = values[0]
	}
	return found, nil
}

// waitFor is the `wait` parameter; none: 0.
func waitFor(r *http.Request) (time.Duration, error) {
	q, err := query(r, "wait")
	wait, asked := q["wait"]
	if err != nil || !asked {
		return 0, err
	}
	d, err := time.ParseDuration(wait)
	if err != nil || d < 0 || d > maxWait {
		return 0, newProblem(http.StatusBadRequest, "query", "wait=%q is no duration from 0s to %s, such as 30s", wait, maxWait)
	}
	return d, nil
}
