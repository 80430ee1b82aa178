package docker

import (
	"bytes"
	"fmt"
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

// errLongAnswer says that the answer is longer than is read.
func errLongAnswer(most int) error {
	return fmt.Errorf("the engine's answer is longer than %d MiB: some container's labels, or environment, must be", most>>20)
}

// bounded makes the client read no more than the bounds allow; the last option.
// finish is to be called once the client is made, which wraps its transport.
func bounded(most int) (opt client.Opt, finish func()) {
	var shared *http.Client
	opt = func(c *client.Client) error {
		shared = c.HTTPClient()
		return client.WithHTTPClient(shared)(c)
	}
	return opt, func() { shared.Transport = boundedTransport{shared.Transport, most} }
}

// boundedTransport bounds the answers, but for logs, which are no JSON, and read
// piece by piece; events have no end, and are bounded by their strings alone.
type boundedTransport struct {
	http.RoundTripper
	most int // bytes of one answer
}

// RoundTrip implements http.RoundTripper.
func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.RoundTripper.RoundTrip(r)
	if err != nil || strings.HasSuffix(r.URL.Path, "/logs") {
		return answer, err
	}
	short := &shortStrings{body: answer.Body, most: t.most, endless: strings.HasSuffix(r.URL.Path, "/events")}
	answer.Body = short
	return answer, nil
}

// shortStrings is JSON whose strings lose what they have beyond maxString, as it
// is read. What is no JSON may lose something, too: it is too long for an error.
type shortStrings struct {
	body    io.ReadCloser
	most    int // bytes that are read
	read    int
	endless bool
	place
}

// Read implements io.Reader. It waits for no more than there is.
func (s *shortStrings) Read(p []byte) (int, error) {
	for {
		n, err := s.body.Read(p)
		n = s.shorten(p[:n])
		if s.read += n; s.read > s.most && !s.endless {
			return 0, errLongAnswer(s.most)
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
	at, kept := s.place, 0
	for rest := piece; len(rest) > 0; {
		var run int
		var stays bool
		at, run, stays = at.next(rest)
		if stays {
			kept += copy(piece[kept:], rest[:run])
		}
		rest = rest[run:]
	}
	s.place = at
	return kept
}

// place is where in the JSON something begins. The zero value: before it.
type place struct {
	inside bool // a string
	cut    bool // and it has as much as is kept
	length int  // of it so far, as long as that is kept
	escape int  // how much of an escape follows; -1: what it is
}

// next takes a run of bytes of which all stay or none, at least one, and returns
// where the one behind it is. An escape stays as a whole.
func (at place) next(rest []byte) (behind place, run int, stays bool) {
	switch {
	case !at.inside:
		if run = bytes.IndexByte(rest, '"') + 1; run == 0 {
			return at, len(rest), true
		}
		return place{inside: true}, run, true
	case at.escape > 0:
		run = min(at.escape, len(rest))
		at.escape -= run
	case at.escape < 0:
		run, at.escape = 1, 0
		if rest[0] == 'u' {
			at.escape = 4
		}
	case rest[0] == '"':
		return place{}, 1, true
	case rest[0] == '\\':
		run, at.escape, at.cut = 1, -1, at.length >= maxString
	default:
		if at.cut = at.length >= maxString; !at.cut {
			rest = rest[:min(len(rest), maxString-at.length)]
		}
		if run = bytes.IndexAny(rest, "\"\\"); run < 0 {
			run = len(rest)
		}
	}
	if !at.cut {
		at.length += run
	}
	return at, run, !at.cut
}
