package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep a JSON body may be nested, as the file may.
const maxDepth = 32

// strict decodes one JSON object, and what could be understood in two ways not
// at all: unknown fields, fields in another spelling or twice, bad UTF-8,
// something after the object, null in its place.
func strict(body []byte, to any) error {
	if err := unambiguous(body); err != nil {
		return err
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); trimmed[0] != '{' {
		return malformed(errors.New("it is no object"))
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		return malformed(err)
	}
	return nil
}

func malformed(err error) error {
	return newProblem(http.StatusBadRequest, "malformed", "the body is not the JSON that is expected here: %s", err.Error())
}

// unambiguous refuses JSON that decoders read differently, or that is nested
// beyond maxDepth. The error is a problem.
func unambiguous(body []byte) error {
	if !utf8.Valid(body) {
		return malformed(errors.New("it is not UTF-8"))
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := value(dec, 0); err != nil {
		return malformed(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return malformed(errors.New("something follows the value"))
	}
	return nil
}

// value reads one value, at that depth.
func value(dec *json.Decoder, depth int) error {
	begins, err := dec.Token()
	if err != nil {
		return err
	}
	open, nested := begins.(json.Delim)
	if !nested {
		return nil
	}
	if depth++; depth > maxDepth {
		return fmt.Errorf("it is nested deeper than %d", maxDepth)
	}
	seen := make(map[string]bool)
	for dec.More() {
		if open == '{' {
			name, err := dec.Token()
			if err != nil {
				return err
			}
			if err := field(name, seen); err != nil {
				return err
			}
		}
		if err := value(dec, depth); err != nil {
			return err
		}
	}
	_, err = dec.Token() // what closes it
	return err
}

// field refuses a name that was seen, or that isn't in lower-case ASCII: the
// decoder would take State, and even ſtate, for state.
func field(token json.Token, seen map[string]bool) error {
	name, _ := token.(string) // the decoder has checked that it is one
	switch {
	case seen[name]:
		return fmt.Errorf("%q stands there twice", name)
	case strings.ContainsFunc(name, func(r rune) bool { return r > '~' || r < ' ' || 'A' <= r && r <= 'Z' }):
		return fmt.Errorf("%q is not in small letters", name)
	}
	seen[name] = true
	return nil
}
