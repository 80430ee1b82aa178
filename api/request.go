package api

import (
	"bytes"
	"encoding/json"
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

func unsafeRune(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// strict decodes one JSON value without unknown fields.
func strict(body []byte, to any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		return newProblem(http.StatusBadRequest, "malformed", "the body is not the JSON that is expected here: %v", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return newProblem(http.StatusBadRequest, "malformed", "something follows the JSON value")
	}
	return nil
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
