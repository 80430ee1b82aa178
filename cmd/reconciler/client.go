package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"reconciler/reconcile"
)

const defaultServer = "http://127.0.0.1:8480"

// client speaks to a running reconciler.
type client struct {
	server string // http://HOST:PORT, or unix:PATH
	token  string
}

// bindClient makes --server a flag; RECONCILER_SERVER and RECONCILER_TOKEN
// stand in for what isn't given.
func bindClient(flags *pflag.FlagSet) *client {
	c := &client{server: defaultServer, token: os.Getenv("RECONCILER_TOKEN")}
	if s := os.Getenv("RECONCILER_SERVER"); s != "" {
		c.server = s
	}
	flags.StringVar(&c.server, "server", c.server, "the running reconciler: http://HOST:PORT or unix:PATH ($RECONCILER_SERVER)")
	return c
}

// request is one call to the API.
type request struct {
	method string
	path   string
	accept string // empty: application/json
	body   any    // nil: none
	wait   time.Duration
}

// reply is the server's answer.
type reply struct {
	status int
	body   []byte
}

// answer is an error that the server gave (RFC 9457).
type answer struct {
	Type   string `json:"type"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func (a *answer) Error() string { return a.Detail }

// do makes the request; an answer that isn't 2xx is an *answer.
func (c *client) do(ctx context.Context, r request) (reply, error) {
	transport, base, err := c.transport()
	if err != nil {
		return reply{}, err
	}
	defer transport.CloseIdleConnections()
	var body io.Reader
	if r.body != nil {
		src, err := json.Marshal(r.body)
		if err != nil {
			return reply{}, fmt.Errorf("%s %s: %w", r.method, r.path, err)
		}
		body = bytes.NewReader(src)
	}
	ctx, cancel := context.WithTimeout(ctx, r.wait+30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, base+r.path, body)
	if err != nil {
		return reply{}, badInput(fmt.Errorf("--server %s: %w", c.server, err))
	}
	req.Header.Set("Accept", "application/json")
	if r.accept != "" {
		req.Header.Set("Accept", r.accept)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if u, err := user.Current(); err == nil {
		req.Header.Set("Reconciler-Actor", "cli:"+u.Username)
	}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return reply{}, c.unreachable(err)
	}
	defer res.Body.Close()
	src, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	if res.StatusCode/100 != 2 {
		a := &answer{Status: res.StatusCode, Detail: strings.TrimSpace(string(src))}
		_ = json.Unmarshal(src, a) // what is no problem+json is told as it is
		return reply{res.StatusCode, src}, a
	}
	return reply{res.StatusCode, src}, nil
}

// transport returns how to reach the server, and the URL that its paths follow.
func (c *client) transport() (*http.Transport, string, error) {
	t := &http.Transport{DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext}
	if path, ok := strings.CutPrefix(c.server, "unix:"); ok {
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

func (c *client) unreachable(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT) {
		return fmt.Errorf("nothing answers at %s; is reconciler running? Start it with: reconciler run", c.server)
	}
	return fmt.Errorf("speak to %s: %w", c.server, err)
}

// overview asks for all services.
func (c *client) overview(ctx context.Context) (reconcile.Overview, error) {
	var o reconcile.Overview
	r, err := c.do(ctx, request{method: http.MethodGet, path: "/v1/services"})
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal(r.body, &o); err != nil {
		return o, fmt.Errorf("the answer of %s: %w", c.server, err)
	}
	return o, nil
}

// service makes a request that is answered with one service's status. done
// reports whether it is as was asked for.
func (c *client) service(ctx context.Context, r request) (n reconcile.Service, done bool, err error) {
	if r.wait > 0 {
		r.path += "?wait=" + r.wait.String()
	}
	rep, err := c.do(ctx, r)
	if err != nil {
		return n, false, err
	}
	if err := json.Unmarshal(rep.body, &n); err != nil {
		return n, false, fmt.Errorf("the answer of %s: %w", c.server, err)
	}
	return n, rep.status == http.StatusOK, nil
}
