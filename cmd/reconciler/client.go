package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"reconciler/reconcile"
)

const defaultServer = "http://127.0.0.1:8480"

// client speaks to a running reconciler.
type client struct {
	server string // http[s]://HOST:PORT or unix:PATH
	token  string
}

// bindClient makes --server a flag; RECONCILER_SERVER and RECONCILER_TOKEN
// stand in for what isn't given.
func bindClient(flags *pflag.FlagSet) *client {
	c := &client{server: defaultServer, token: os.Getenv("RECONCILER_TOKEN")}
	if s := os.Getenv("RECONCILER_SERVER"); s != "" {
		c.server = s
	}
	flags.StringVar(&c.server, "server", c.server, "the running reconciler: http[s]://HOST:PORT or unix:PATH ($RECONCILER_SERVER)")
	return c
}

// request is one call to the API.
type request struct {
	method string
	path   string
	query  url.Values // nil: none
	accept string     // empty: application/json
	after  string     // the event after which a stream begins; empty: now
	body   any        // nil: none
	wait   time.Duration
	dryRun bool
}

// target is the request's path with its query.
func (r request) target() string {
	q := url.Values{}
	maps.Copy(q, r.query)
	if r.wait > 0 {
		q.Set("wait", r.wait.String())
	}
	if r.dryRun {
		q.Set("dry_run", "true")
	}
	if len(q) == 0 {
		return r.path
	}
	return r.path + "?" + q.Encode()
}

// reply is the server's answer.
type reply struct {
	status int
	body   []byte
}

// do makes the request and reads the answer; one that isn't 2xx is an *answer.
func (c *client) do(ctx context.Context, r request) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, r.wait+30*time.Second)
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
func (c *client) get(ctx context.Context, path string, query url.Values, to any) error {
	rep, err := c.do(ctx, request{method: http.MethodGet, path: path, query: query})
	if err != nil {
		return err
	}
	return c.decode(rep, to)
}

func (c *client) decode(rep reply, to any) error {
	if err := json.Unmarshal(rep.body, to); err != nil {
		return fmt.Errorf("the answer of %s: %w", c.server, err)
	}
	return nil
}

// send makes the request; the caller closes the answer's body. An answer that
// isn't 2xx is an *answer.
func (c *client) send(ctx context.Context, r request) (*http.Response, error) {
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
		return nil, badInput(fmt.Errorf("--server %s: %w", c.server, err))
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
func (c *client) head(req *http.Request, r request) {
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
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if u, err := user.Current(); err == nil {
		req.Header.Set("Reconciler-Actor", "cli:"+u.Username)
	}
}

// transport returns how to reach the server, and the URL that its paths
// follow. Each request has a connection of its own.
func (c *client) transport() (*http.Transport, string, error) {
	t := &http.Transport{DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, DisableKeepAlives: true}
	if path, ok := c.socket(); ok {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", path)
		}
		return t, "http://localhost", nil
	}
	u, err := url.Parse(c.server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, "", badInput(fmt.Errorf("--server %q: write it like %s or unix:PATH", c.server, defaultServer))
	}
	return t, strings.TrimSuffix(c.server, "/"), nil
}

// socket is the path of the server's socket, if it has one.
func (c *client) socket() (path string, ok bool) { return strings.CutPrefix(c.server, "unix:") }

// overview asks for all services.
func (c *client) overview(ctx context.Context) (o reconcile.Overview, err error) {
	return o, c.get(ctx, "/v1/services", nil, &o)
}

// service makes a request that is answered with one service's status. done
// reports whether it is as was asked for.
func (c *client) service(ctx context.Context, r request) (n reconcile.Service, done bool, err error) {
	rep, err := c.do(ctx, r)
	if err != nil {
		return n, false, err
	}
	return n, rep.status == http.StatusOK, c.decode(rep, &n)
}
