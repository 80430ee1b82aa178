// Package api is the HTTP door: it shows what should run and what runs, and
// lets whether a service runs be changed, never what a service is. It decides
// nothing itself; it edits the file and waits for the loop.
//
// Every request passes the same guards in the same order (guard.go), and only
// what stands in the route table is answered at all (routes.go).
package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"

	"reconciler/desired"
	"reconciler/reconcile"
)

// Loop is what the door needs of the loop; a *reconcile.Loop is one.
type Loop interface {
	Overview() reconcile.Overview
	// Changed returns a channel that is closed at the next change of the
	// overview; ask for it before reading.
	Changed() <-chan struct{}
	Plan() (reconcile.Report, error)
	Restart(service, actor string) (ticket int64, err error)
	Retry(service, actor string) error
	LookNow(actor string)
	Readiness() []string // why not ready; empty: ready
	Alive() bool
}

// State is what the door needs of the file; a *desired.Store is one.
type State interface {
	Snapshot() desired.Snapshot
	Path() string
	SetStates([]desired.Change, desired.EditBy) (desired.Snapshot, bool, error)
	Replace(src []byte, ifMatch string, by desired.EditBy) (desired.Snapshot, bool, error)
}

// Options says what to serve. All but Observe are required.
type Options struct {
	Loop    Loop
	State   State
	Metrics http.Handler // of GET /metrics
	Hosts   []string     // the hosts that --listen names, besides the loopback ones
	Version string
	// Observe is told of each request: the route as in the table, or "other";
	// the method, or "other"; the status. It must return at once. nil: nobody.
	Observe func(route, method string, code int, took time.Duration)
}

// The limits of the door (docs/http.md).
const (
	maxConnections = 64
	maxHeader      = 64 << 10
	maxBody        = 1 << 20
	maxWait        = 5 * time.Minute
	headerTimeout  = 5 * time.Second
	readTimeout    = 10 * time.Second
	writeTimeout   = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	drainTimeout   = 5 * time.Second
)

// Listen opens the door at a loopback address. The error says so when
// somebody else has it.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w (is reconciler running already? name another address with --listen)", address, err)
	}
	return netutil.LimitListener(l, maxConnections), nil
}

// Serve answers requests on the listeners until ctx ends; then it lets the
// requests under way end, for a moment, and returns nil. It closes the
// listeners.
func Serve(ctx context.Context, handler http.Handler, listeners ...net.Listener) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	var g errgroup.Group
	for _, l := range listeners {
		g.Go(func() error {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve HTTP on %s: %w", l.Addr(), err)
			}
			return nil
		})
	}
	g.Go(func() error {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		if server.Shutdown(drain) != nil {
			return server.Close() // some request didn't end in time
		}
		return nil
	})
	return g.Wait()
}
