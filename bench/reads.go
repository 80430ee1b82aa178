package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"
)

// reads measures GET /v1/services of a daemon on the simulated engine, against
// the same bytes served from memory by net/http alone.
func reads(ctx context.Context, opt options, dir string) (rows []row, err error) {
	p := project{name: "reads", ids: make([]string, opt.listed)}
	d, err := startDaemon(ctx, opt.binary, dir, p, "running", "--engine", "sim")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.end()) }()
	url := d.address + "v1/services"
	body, err := fetch(ctx, url)
	if err != nil {
		return nil, err
	}
	raw := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // who went away is counted as an error at the other end
	}))
	defer raw.Close()

	bare, err := latencies(ctx, raw.URL, opt.requests)
	if err != nil {
		return nil, err
	}
	before, err := d.series(ctx)
	if err != nil {
		return nil, err
	}
	ours, err := latencies(ctx, url, opt.requests)
	if err != nil {
		return nil, err
	}
	after, err := d.series(ctx)
	if err != nil {
		return nil, err
	}
	const mallocs = "go_memstats_mallocs_total"
	what := fmt.Sprintf("GET /v1/services of %d: ", opt.listed)
	at := func(name string, part float64) row {
		r, o := quantile(bare, part), quantile(ours, part)
		return row{what: what + name, raw: milliseconds(r), ours: milliseconds(o), ratio: o.Seconds() / r.Seconds()}
	}
	return []row{
		at("p50", 0.5), at("p99", 0.99),
		{what: what + "allocations a request", ours: fmt.Sprintf("%.0f", (after[mallocs]-before[mallocs])/float64(opt.requests))},
		{what: what + "bytes", ours: fmt.Sprint(len(body))},
	}, nil
}

// latencies are those of that many requests, one after the other, shortest
// first.
func latencies(ctx context.Context, url string, requests int) ([]time.Duration, error) {
	took := make([]time.Duration, 0, requests)
	for range requests {
		began := time.Now()
		if _, err := fetch(ctx, url); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took, nil
}

// fetch reads a whole answer.
func fetch(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", url, answer.Status)
	}
	return body, err
}

// quantile is the value below which that part of the sorted values lies.
func quantile(sorted []time.Duration, part float64) time.Duration {
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", 1000*d.Seconds()) }
