package api

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// The limits of each door (docs/http.md).
const (
	maxHeader     = 64 << 10
	maxBody       = 1 << 20
	maxWait       = 5 * time.Minute
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second // streams: for each write
	idleTimeout   = 2 * time.Minute
	drainTimeout  = 5 * time.Second
)

// Serve answers requests at the entrances until ctx ends or one of them fails;
// then it lets the requests under way end, for a moment. Those that wait for a
// service are answered with what is known. It closes the entrances. The error
// is that of the entrance; nil when ctx ended.
func Serve(ctx context.Context, a *API, entrances ...*Entrance) error {
	a.s.entrances = entrances
	g, ended := errgroup.WithContext(ctx)
	shares := a.shareOut(entrances)
	for i, e := range entrances {
		e.begin(a.s.opt.Warn)
		server := a.serverOf(ctx, e.Door)
		l := limited(e.Listener, shares[i], a.s.opt.Warn)
		g.Go(func() error {
			if err := serveOne(server, l, e.Door, a.s.opt.Warn); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve HTTP on %s: %w", e.Addr(), errors.Join(err, e.Close()))
			}
			return nil
		})
		g.Go(func() error {
			<-ended.Done()
			drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
			defer cancel()
			if server.Shutdown(drain) != nil {
				return server.Close() // some request didn't end in time
			}
			return nil
		})
	}
	return g.Wait()
}

// shareOut returns how many connections each door may hold.
func (a *API) shareOut(entrances []*Entrance) []limits {
	var doors []Door
	for _, e := range entrances {
		doors = append(doors, e.Door)
	}
	n := descriptors()
	shares := share(doors, n)
	if text := scarce(doors, shares, n); text != "" {
		a.s.opt.Warn(text)
	}
	for i, d := range doors {
		if !d.Metrics { // which has no streams
			a.s.places.within(shares[i].most)
		}
	}
	return shares
}

func serveOne(server *http.Server, l net.Listener, d Door, warn func(string)) error {
	if d.WebConfig != "" {
		return serveTLS(server, l, d.WebConfig, warn)
	}
	return server.Serve(l)
}

// serverOf returns the server of one door. It speaks HTTP/1.1 only: one
// request after the other, so that the number of connections bounds the work.
func (a *API) serverOf(ctx context.Context, d Door) *http.Server {
	var http1 http.Protocols
	http1.SetHTTP1(true)
	return &http.Server{
		Handler:           a.Handler(d),
		Protocols:         &http1,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(complaints{a.s.opt.Warn}, "", 0),
		// Else net/http answers OPTIONS * itself, before any guard.
		DisableGeneralOptionsHandler: true,
		BaseContext:                  func(net.Listener) context.Context { return ctx },
		ConnContext:                  withConnection,
		ConnState:                    noteIdle,
	}
}

// complaints hands on what net/http complains of, but for failed handshakes,
// which any stranger can make by the thousand.
type complaints struct{ to func(string) }

func (c complaints) Write(line []byte) (int, error) {
	if text := strings.TrimSpace(string(line)); !strings.Contains(text, "TLS handshake error") {
		c.to(text)
	}
	return len(line), nil
}
