package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"reconciler/api/wire"
	"reconciler/reconcile"
)

// Overview asks for all services.
func (c *Client) Overview(ctx context.Context) (o reconcile.Overview, err error) {
	return o, c.get(ctx, "/v1/services", nil, &o)
}

// Plan asks what would be done now.
func (c *Client) Plan(ctx context.Context) (p reconcile.Report, err error) {
	return p, c.get(ctx, "/v1/plan", nil, &p)
}

// Service makes a request that is answered with one service's status. done
// reports whether it is as was asked for.
func (c *Client) Service(ctx context.Context, r Request) (n reconcile.Service, done bool, err error) {
	done, err = c.ask(ctx, r, &n)
	return n, done, err
}

// Services makes a request that is answered with the status of several, in one
// revision. done reports whether all are as was asked for.
func (c *Client) Services(ctx context.Context, r Request) (b wire.Batch, done bool, err error) {
	done, err = c.ask(ctx, r, &b)
	return b, done, err
}

// Preview asks what would be done after the request, which isn't made.
func (c *Client) Preview(ctx context.Context, r Request) (p reconcile.Report, err error) {
	r.DryRun = true
	_, err = c.ask(ctx, r, &p)
	return p, err
}

// ask decodes the answer to the request into to. done reports whether what was
// asked for is so, rather than on its way.
func (c *Client) ask(ctx context.Context, r Request, to any) (done bool, err error) {
	rep, err := c.do(ctx, r)
	if err != nil {
		return false, err
	}
	return rep.status == http.StatusOK, c.decode(rep, to)
}

// Alive fails if the server doesn't work.
func (c *Client) Alive(ctx context.Context) error { return c.plain(ctx, "/healthz") }

// Ready fails if the server has not looked at everything yet, or can't.
func (c *Client) Ready(ctx context.Context) error { return c.plain(ctx, "/readyz") }

func (c *Client) plain(ctx context.Context, path string) error {
	_, err := c.do(ctx, Request{method: http.MethodGet, path: path, accept: "text/plain"})
	return err
}

// Metrics asks for the metrics, as text.
func (c *Client) Metrics(ctx context.Context) (string, error) {
	rep, err := c.do(ctx, Request{method: http.MethodGet, path: "/metrics", accept: "text/plain"})
	return string(rep.body), err
}

// Events asks for the events that the server still knows: each a
// reconcile.Entry, as it was written. An empty service: of all.
func (c *Client) Events(ctx context.Context, service string) ([]json.RawMessage, error) {
	var known struct {
		Events []json.RawMessage `json:"events"`
	}
	err := c.get(ctx, "/v1/events", text("service", service), &known)
	return known.Events, err
}

// Revisions asks for the history of the file; raw is the answer as it was
// written.
func (c *Client) Revisions(ctx context.Context) (list wire.RevisionList, raw json.RawMessage, err error) {
	raw, err = c.both(ctx, revisionPath(0), &list)
	return list, raw, err
}

// Revision asks for one of them; raw is the answer as it was written.
func (c *Client) Revision(ctx context.Context, n int64) (r wire.RevisionText, raw json.RawMessage, err error) {
	raw, err = c.both(ctx, revisionPath(n), &r)
	return r, raw, err
}

// both decodes the answer to a GET into to, and returns it as it was written, too.
func (c *Client) both(ctx context.Context, path string, to any) (raw json.RawMessage, err error) {
	if err := c.get(ctx, path, nil, &raw); err != nil {
		return nil, err
	}
	return raw, c.decode(reply{body: raw}, to)
}

// LogOptions says what of the logs of a service is asked for.
type LogOptions struct {
	Tail      int    // how many lines
	Follow    bool   // go on until the container ends
	Container string // empty: the first
}

// Logs asks for the logs of a service; the caller closes them.
func (c *Client) Logs(ctx context.Context, service string, o LogOptions) (io.ReadCloser, error) {
	q := url.Values{"tail": {strconv.Itoa(o.Tail)}}
	if o.Follow {
		q.Set("follow", "true")
	}
	if o.Container != "" {
		q.Set("container", o.Container)
	}
	res, err := c.send(ctx, Request{method: http.MethodGet, path: servicePath(service) + "/logs", query: q, accept: "text/plain"})
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}
