// Package api is the HTTP door: it shows what should run and what runs, and
// lets whether a service runs be changed, never what a service is. It decides
// nothing itself; it edits the file and waits for the loop.
//
// Every request passes the same guards in the same order (guard.go), and only
// what stands in the route table is answered at all (routes.go, dispatch.go).
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

var _ Loop = (*reconcile.Loop)(nil)

// State is what the door needs of the file; a *desired.Store is one.
type State interface {
	Snapshot() desired.Snapshot
	Path() string
	SetStates([]desired.Change, desired.EditBy) (desired.Snapshot, bool, error)
	Replace(src []byte, ifMatch string, by desired.EditBy) (desired.Snapshot, bool, error)
}

var _ State = (*desired.Store)(nil)

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
// somebody else has it, or when the name led elsewhere than to this host.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w (is reconciler running already? name another address with --listen)", address, err)
	}
	if at, ok := l.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		err := fmt.Errorf("listen on %s: %s is not a loopback address, and this door has no tokens yet", address, l.Addr())
		return nil, errors.Join(err, l.Close())
	}
	return netutil.LimitListener(l, maxConnections), nil
}

// Serve answers requests on the listeners until ctx ends or one of them fails;
// then it lets the requests under way end, for a moment. Those that wait for a
// service are answered with what is known. It closes the listeners. The error
// is that of the listener; nil when ctx ended.
func Serve(ctx context.Context, handler http.Handler, listeners ...net.Listener) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		// Else net/http answers OPTIONS * itself, before any guard.
		DisableGeneralOptionsHandler: true,
		BaseContext:                  func(net.Listener) context.Context { return ctx },
	}
	g, ended := errgroup.WithContext(ctx)
	for _, l := range listeners {
		g.Go(func() error {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve HTTP on %s: %w", l.Addr(), err)
			}
			return nil
		})
	}
	g.Go(func() error {
		<-ended.Done()
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		if server.Shutdown(drain) != nil {
			return server.Close() // some request didn't end in time
		}
		return nil
	})
	return g.Wait()
}
