package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// deadline is how long an answer of reconciler may take.
const deadline = 2 * patience

// door is the way to a running reconciler.
type door struct {
	base   string // what its paths follow
	token  func() (string, error)
	client *http.Client
}

func newDoor(env func(string) string) (*door, error) {
	server := cmp.Or(env("RECONCILER_SERVER"), "unix:/run/reconciler/reconciler.sock")
	transport := &http.Transport{DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext}
	d := &door{base: strings.TrimSuffix(server, "/"), client: &http.Client{
		Transport: transport, Timeout: deadline,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	// The file is read each time: a renewed token counts at once.
	d.token = func() (string, error) {
		file := env("RECONCILER_TOKEN_FILE")
		if file == "" {
			return env("RECONCILER_TOKEN"), nil
		}
		src, err := os.ReadFile(file)
		return strings.TrimSpace(string(src)), err
	}
	if path, ok := strings.CutPrefix(server, "unix:"); ok {
		d.base = "http://localhost"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", path)
		}
	} else if u, err := url.Parse(server); err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("RECONCILER_SERVER %q: write it like unix:/run/reconciler/reconciler.sock or https://reconciler:8480", server)
	}
	return d, nil
}

// problem is why reconciler refused (RFC 9457), and an error.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Errors []struct {
		Line    int    `json:"line"`
		Column  int    `json:"column"`
		Message string `json:"message"`
	} `json:"errors,omitempty"`
}

func (p *problem) Error() string { return p.Detail }

// code is what the panel answers with. That reconciler won't have our token is
// no reason to ask the browser for one.
func (p *problem) code() int {
	if p.Status == http.StatusUnauthorized {
		return http.StatusBadGateway
	}
	return p.Status
}

// call makes a request and reads the answer into v. What isn't 2xx is a
// *problem, and so is that nobody answers.
func (d *door) call(ctx context.Context, method, path string, body, v any) error {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, d.base+path, bytes.NewReader(sent.Bytes()))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	token, err := d.token()
	if err != nil {
		return &problem{Title: "no token", Status: http.StatusBadGateway, Detail: err.Error()}
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := d.client.Do(req)
	if err != nil {
		return &problem{Title: "reconciler does not answer", Status: http.StatusBadGateway, Detail: err.Error()}
	}
	defer res.Body.Close()
	src, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return &problem{Title: "reconciler broke off", Status: http.StatusBadGateway, Detail: err.Error()}
	}
	if res.StatusCode/100 != 2 {
		p := &problem{Title: res.Status, Detail: strings.TrimSpace(string(src))}
		_ = json.Unmarshal(src, p) // what is no problem+json is told as it is
		p.Status = res.StatusCode
		return p
	}
	if err := json.Unmarshal(src, v); err != nil {
		return &problem{Title: "not an answer of reconciler", Status: http.StatusBadGateway, Detail: err.Error()}
	}
	return nil
}
