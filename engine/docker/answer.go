package docker

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/docker/docker/client"
)

// The bounds of what an engine answers. Whoever makes an image writes what it
// answers of its containers: of 20 whose labels have 4 MiB each the client would
// build 350 MB before anything here saw one.
const (
	maxString = 64 << 10 // of one string; what is longer loses its end
	maxAnswer = 64 << 20 // of one answer, then
)

// errLongAnswer: the answer is longer than is read.
var errLongAnswer = errors.New("the engine's answer is longer than 64 MiB: some container's labels, or environment, must be")

// bounded makes the client read no more than the bounds allow; the last option.
// finish is to be called once the client is made, which wraps its transport.
func bounded() (opt client.Opt, finish func()) {
	var shared *http.Client
	opt = func(c *client.Client) error {
		shared = c.HTTPClient()
		return client.WithHTTPClient(shared)(c)
	}
	return opt, func() { shared.Transport = boundedTransport{shared.Transport} }
}

// boundedTransport bounds the answers, but for logs, which are no JSON, and read
// piece by piece; events have no end, and are bounded by their strings alone.
type boundedTransport struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.RoundTripper.RoundTrip(r)
	if err != nil || strings.HasSuffix(r.URL.Path, "/logs") {
		return answer, err
	}
	short := &shortStrings{body: answer.Body, left: maxAnswer, endless: strings.HasSuffix(r.URL.Path, "/events")}
	answer.Body = short
	return answer, nil
}

// shortStrings is JSON whose strings lose what they have beyond maxString, as it
// is read. What is no JSON may lose something, too: it is too long for an error.
type shortStrings struct {
	body    io.ReadCloser
	left    int // bytes that may follow
	endless bool
	inside  bool // a string
	cut     bool // and it has as much as is kept
	length  int  // of what is kept of it
	escape  int  // how much of an escape follows; -1: what it is
}

// Read implements io.Reader. It waits for no more than there is.
func (s *shortStrings) Read(p []byte) (int, error) {
	for {
		n, err := s.body.Read(p)
		n = s.shorten(p[:n])
		if s.left -= n; s.left < 0 && !s.endless {
			return 0, errLongAnswer
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
	}
}

// Close implements io.Closer.
func (s *shortStrings) Close() error { return s.body.Close() }

// shorten takes out of the piece what is too long, in place, and returns how
// much is left.
func (s *shortStrings) shorten(piece []byte) int {
	kept := 0
	for _, c := range piece {
		if s.keeps(c) {
			piece[kept] = c
			kept++
		}
	}
	return kept
}

// keeps takes the next byte, and reports whether it stays.
func (s *shortStrings) keeps(c byte) bool {
	switch {
	case !s.inside:
		s.inside, s.length, s.cut = c == '"', 0, false
		return true
	case s.escape == 0 && c == '"':
		s.inside = false
		return true
	case s.escape == 0: // an escape is whole or not there
		s.cut = s.length >= maxString
		if c == '\\' {
			s.escape = -1
		}
	case s.escape < 0:
		s.escape = 0
		if c == 'u' {
			s.escape = 4
		}
	default:
		s.escape--
	}
	s.length++
	return !s.cut
}
