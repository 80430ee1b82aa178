package client

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"syscall"
)

// Refusal is an error that the server gave (RFC 9457), with what can be done
// about it.
type Refusal struct {
	Type   string `json:"type"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	advice string // empty: the detail says it all
}

func (a *Refusal) Error() string {
	if a.advice == "" {
		return a.Detail
	}
	return a.Detail + "; " + a.advice
}

// refused is what the server answered instead of doing what was asked for.
// What is no problem+json is told as it is.
func (c *Client) refused(r Request, status int, body []byte) *Refusal {
	a := &Refusal{Detail: strings.TrimSpace(string(body))}
	_ = json.Unmarshal(body, a)
	if a.Status = status; a.Detail == "" {
		a.Detail = http.StatusText(status)
	}
	switch {
	case status == http.StatusUnauthorized && c.Token != "":
		a.advice = "it doesn't know the token in RECONCILER_TOKEN; make one with: reconciler token new NAME --role " + role(r)
	case status == http.StatusUnauthorized:
		a.advice = "set RECONCILER_TOKEN, or use --server unix:PATH; make a token with: reconciler token new NAME --role " + role(r)
	case status == http.StatusForbidden && a.Type == "role":
		a.advice = "make a token that may: reconciler token new NAME --role " + role(r)
		if path, ok := c.socket(); ok {
			a.advice = fmt.Sprintf("this socket may with: reconciler run --listen unix:%s:%s", path, role(r))
		}
	}
	return a
}

// role is the least that may make the request (docs/http.md).
func role(r Request) string {
	wanted, _ := r.body.(map[string]string)
	switch {
	case strings.HasSuffix(r.path, "/restore"), wanted["state"] == "absent":
		return "admin"
	case r.method == http.MethodGet && !strings.HasSuffix(r.path, "/logs"):
		return "read"
	}
	return "flip"
}

// unreachable is why there is no answer.
func (c *Client) unreachable(err error) error {
	path, socket := c.socket()
	var unknown x509.UnknownAuthorityError
	switch {
	case socket && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist)):
		return fmt.Errorf("nothing answers at the socket %s; is reconciler running? Start it with: reconciler run --listen unix:%s", path, path)
	case socket && errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the socket %s isn't yours to use: its group may (ls -l %s)", path, path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nothing answers at %s; is reconciler running? Start it with: reconciler run", c.Server)
	case errors.As(err, &unknown):
		return fmt.Errorf("speak to %s: %w; if the authority is your own, name its file in SSL_CERT_FILE", c.Server, err)
	}
	return fmt.Errorf("speak to %s: %w", c.Server, err)
}
