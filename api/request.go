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
	"unicode/utf8"

	"reconciler/desired"
)

// maxReason is the most characters of a reason.
const maxReason = 200

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
	if u, large := r.Body.(*upload); large {
		return body, u.use(r.Context())
	}
	return body, nil
}

// readInto reads the body into to: JSON, or, where the route takes text, what
// it is given by text. No body leaves everything as it is.
func readInto(r *http.Request, to any, text func([]byte)) error {
	body, err := readBody(r)
	if err != nil {
		return err
	}
	takes := callOf(r).route
	switch kind := mediaType(r); {
	case len(body) == 0 && !takes.needs: // some clients name a type with no body, too
		return nil
	case kind == typeJSON:
		return strict(body, to)
	case text != nil && (kind == "" || kind == typeText):
		text(bytes.TrimSpace(body))
		return nil
	case text != nil && kind == typeForm && !bytes.ContainsAny(body, "=&%+"):
		text(bytes.TrimSpace(body)) // `curl -d stopped`: one word is no form
		return nil
	default:
		return takes.notTaken(kind)
	}
}

// notTaken refuses a body of that media type.
func (o operation) notTaken(kind string) *problem {
	var kinds []string
	for _, c := range o.takes {
		kinds = append(kinds, c.kind)
	}
	return newProblem(http.StatusUnsupportedMediaType, "media_type", "the body is %q; send it with Content-Type: %s", kind, strings.Join(kinds, " or "))
}

// checkReason refuses a reason that would not be shown as one line.
func checkReason(reason string) error {
	if utf8.RuneCountInString(reason) > maxReason || !desired.OneLine(reason) {
		return newProblem(http.StatusBadRequest, "reason", "a reason is one line of at most %d characters", maxReason)
	}
	return nil
}

// query returns a query parameter, and refuses parameters that the route
// doesn't know.
func query(r *http.Request, known ...string) (map[string]string, error) {
	found := make(map[string]string)
	all, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, "query", "the query can't be read: %s", err.Error())
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
