// Package client speaks to a running reconciler over HTTP. A request is made by
// a function of its own, and sent by a Client; docs/http.md says what each means.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultServer is where a reconciler is that nothing was said of.
const DefaultServer = "http://127.0.0.1:8480"

// Client speaks to one reconciler. It may be used by any number of goroutines
// that don't change it.
type Client struct {
	Server string // http[s]://HOST:PORT or unix:PATH
	Token  string // empty: none
	Actor  string // who asks, for the history: empty, the door tells
}

// reply is the server's answer.
type reply struct {
	status int
	body   []byte
}

// do makes the request and reads the answer; one that isn't 2xx is a *Refusal.
func (c *Client) do(ctx context.Context, r Request) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Wait+30*time.Second)
	defer cancel()
	res, err := c.send(ctx, r)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	src, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	return reply{res.StatusCode, src}, nil
}

// get decodes the answer to a GET into to.
func (c *Client) get(ctx context.Context, path string, query url.Values, to any) error {
	rep, err := c.do(ctx, get(path, query))
	if err != nil {
		return err
	}
	return c.decode(rep, to)
}

func (c *Client) decode(rep reply, to any) error {
	if err := json.Unmarshal(rep.body, to); err != nil {
		return fmt.Errorf("the answer of %s: %w", c.Server, err)
	}
	return nil
}

// send makes the request; the caller closes the answer's body. An answer that
// isn't 2xx is a *Refusal.
func (c *Client) send(ctx context.Context, r Request) (*http.Response, error) {
	transport, base, err := c.transport()
	if err != nil {
		return nil, err
	}
	var body io.Reader
	if r.body != nil {
		src, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
		}
		body = bytes.NewReader(src)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, base+r.target(), body)
	if err != nil {
		return nil, &AddressError{fmt.Errorf("--server %s: %w", c.Server, err)}
	}
	c.head(req, r)
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if res.StatusCode/100 != 2 {
		defer res.Body.Close()
		src, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
		}
		return nil, c.refused(r, res.StatusCode, src)
	}
	return res, nil
}

// head sets the headers of the request.
func (c *Client) head(req *http.Request, r Request) {
	req.Header.Set("Accept", "application/json")
	if r.accept != "" {
		req.Header.Set("Accept", r.accept)
	}
	if r.after != "" {
		req.Header.Set("Last-Event-ID", r.after)
	}
	if req.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if c.Actor != "" {
		req.Header.Set("Reconciler-Actor", c.Actor)
	}
}

// transport returns how to reach the server, and the URL that its paths
// follow. Each request has a connection of its own.
func (c *Client) transport() (*http.Transport, string, error) {
	t := &http.Transport{DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, DisableKeepAlives: true}
	if path, ok := c.socket(); ok {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", path)
		}
		return t, "http://localhost", nil
	}
	u, err := url.Parse(c.Server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, "", &AddressError{fmt.Errorf("--server %q: write it like %s or unix:PATH", c.Server, DefaultServer)}
	}
	return t, strings.TrimSuffix(c.Server, "/"), nil
}

// socket is the path of the server's socket, if it has one.
func (c *Client) socket() (path string, ok bool) { return strings.CutPrefix(c.Server, "unix:") }

// AddressError is an error of a Client's Server: it is no address.
type AddressError struct{ err error }

func (e *AddressError) Error() string { return e.err.Error() }
func (e *AddressError) Unwrap() error { return e.err }
