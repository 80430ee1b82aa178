package api

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// converse sends raw bytes on a connection of its own, ends its side, and
// returns the statuses of all answers until the server hangs up.
func converse(t *testing.T, address, sent string) (codes []int) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil { // a test that hangs tells nothing
		t.Fatal(err)
	}
	go func() { // the server may answer and hang up before it has read all
		_, _ = io.WriteString(c, sent)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	from := bufio.NewReader(c)
	for {
		answer, err := http.ReadResponse(from, nil)
		if err != nil {
			return codes
		}
		codes = append(codes, answer.StatusCode)
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return codes
		}
	}
}

// TestHostileBytesAreRefused speaks to a real listener, without a client that
// would mend what is sent. The smuggled request, where there is one, is a stop
// of web: it must never be heard.
func TestHostileBytesAreRefused(t *testing.T) {
	const (
		get      = "GET /v1/services HTTP/1.1\r\n"
		put      = "PUT /v1/services/db/state HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
		smuggled = "POST /v1/services/web/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
	)
	for _, c := range []struct {
		name string
		sent string
		want []int // the statuses; none: it hangs up without a word
	}{
		{"a good one, to know that the others fail for their own reason", get + "Host: localhost\r\n\r\n", []int{200}},
		{"two good ones", get + "Host: localhost\r\n\r\n" + get + "Host: localhost\r\n\r\n", []int{200, 200}},

		{"length and chunks", put + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, []int{400}},
		{"chunks and length", put + "Transfer-Encoding: chunked\r\nContent-Length: 999\r\n\r\n0\r\n\r\n" + smuggled, []int{400}},
		{"chunks alone", put + "Transfer-Encoding: chunked\r\n\r\n7\r\nrunning\r\n0\r\n\r\n" + smuggled, []int{400}},
		{"chunks, oddly spelt", put + "Transfer-Encoding: cHuNkEd\r\n\r\n0\r\n\r\n" + smuggled, []int{400}},
		{"chunks that end in a bare line feed", put + "Transfer-Encoding: chunked\r\n\r\n7;x\nrunning\r\n0\r\n\r\n" + smuggled, []int{400}},
		{"chunks of a false size", put + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + smuggled, []int{400}},
		{"two encodings", put + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + smuggled, []int{501}},
		{"an encoding that nobody knows", put + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled, []int{501}},
		{"an encoding behind a blank", put + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled, []int{400}},
		{"an encoding behind a vertical tab", put + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + smuggled, []int{400}},
		{"two lengths", put + "Content-Length: 7\r\nContent-Length: 0\r\n\r\nrunning" + smuggled, []int{400}},
		{"a list of lengths", put + "Content-Length: 7, 0\r\n\r\nrunning" + smuggled, []int{400}},
		{"a negative length", put + "Content-Length: -1\r\n\r\n" + smuggled, []int{400}},
		{"a signed length", put + "Content-Length: +7\r\n\r\nrunning" + smuggled, []int{400}},
		{"a length in hex", put + "Content-Length: 0x7\r\n\r\nrunning" + smuggled, []int{400}},
		{"a length beyond all numbers", put + "Content-Length: 99999999999999999999\r\n\r\n" + smuggled, []int{400}},
		{"a length that is not kept", put + "Content-Length: 7\r\n\r\nrun", []int{400}},
		{"a body of a read", get + "Host: localhost\r\nContent-Length: 4\r\n\r\nbody", []int{200}},
		{"a body too large", put + "Content-Length: 1048577\r\n\r\n" + strings.Repeat("x", maxBody+1), []int{413}},
		{"an Expect that nobody knows", put + "Expect: the-worst\r\nContent-Length: 7\r\n\r\nrunning" + smuggled, []int{417}},

		{"no host", get + "\r\n", []int{400}},
		{"an empty host", get + "Host:\r\n\r\n", []int{400}},
		{"two hosts", get + "Host: localhost\r\nHost: evil.example\r\n\r\n", []int{400}},
		{"the same host twice", get + "Host: localhost\r\nHost: localhost\r\n\r\n", []int{400}},
		{"a host with a blank", get + "Host: local host\r\n\r\n", []int{400}},
		{"a host with a path", get + "Host: localhost/evil.example\r\n\r\n", []int{400}},
		{"a host with a user", get + "Host: localhost@evil.example\r\n\r\n", []int{400}},
		{"another host in the target", "GET http://evil.example/v1/services HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{403}},
		{"another host in an OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n", []int{403}},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{404}},
		{"no host in HTTP/1.0", "GET /v1/services HTTP/1.0\r\n\r\n", []int{400}},

		{"a tunnel", "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n", []int{404}},
		{"an upgrade", get + "Host: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n", []int{200}},
		{"HTTP/2 without being asked", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{400}},
		{"HTTP/0.9", "GET /v1/services\r\n\r\n", []int{400}},
		{"HTTP/9.9", "GET /v1/services HTTP/9.9\r\nHost: localhost\r\n\r\n", []int{505}},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400}},
		{"nothing but noise", "\x00\xff\xfe\x80\r\n\r\n", []int{400}},
		{"a method with a colon", "GE:T /v1/services HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{400}},
		{"a target with a blank", "GET /v1/ser vices HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{400}},
		{"a target with a NUL", "GET /v1/\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{400}},
		{"a target of bad UTF-8", "GET /v1/services/\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{404}},
		{"a target of bad escapes", "GET /v1/services/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{400}},
		{"a target that climbs", "GET /v1/services/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{404}},
		{"a target that climbs, escaped", "GET /v1/services/%2e%2e%2f%2e%2e HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{404}},
		{"a target with a line's end", "GET /v1/services/x%0d%0aSet-Cookie:%20a HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{404}},
		{"an endless target", "GET /" + strings.Repeat("a", 2*maxHeader) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{431}},

		{"an endless header", get + "Host: localhost\r\nX: " + strings.Repeat("a", 2*maxHeader) + "\r\n\r\n", []int{431}},
		{"headers without end", get + "Host: localhost\r\n" + strings.Repeat("X: a\r\n", maxHeader/4) + "\r\n", []int{431}},
		{"a header that is folded", get + "Host: localhost\r\nX-A: b\r\n Forwarded: c\r\n\r\n", []int{200}},
		{"a header without a name", get + "Host: localhost\r\n: x\r\n\r\n", []int{400}},
		{"a header without a colon", get + "Host: localhost\r\nevil\r\n\r\n", []int{400}},
		{"a header with a NUL", get + "Host: localhost\r\nX: a\x00b\r\n\r\n", []int{400}},
		{"a first header that is folded", get + " Host: localhost\r\n\r\n", []int{400}},
		{"a proxy's header in lower case", get + "Host: localhost\r\nx-forwarded-for: 1.2.3.4\r\n\r\n", []int{403}},
		{"headers cut off", get + "Host: local", []int{400}},
		{"nothing at all", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			l, err := Listen(open)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- Serve(ctx, New(w.options), l) }()
			if got := converse(t, l.Addr().String(), c.sent); !slices.Equal(got, c.want) {
				t.Errorf("answered with %v, not %v", got, c.want)
			}
			if s := w.state.Snapshot(); s.Generation != 7 {
				t.Errorf("it changed the file:\n%s", s.Document.Source)
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
