package api

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
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
	g, ended := errgroup.WithContext(ctx)
	shares := a.shareOut(entrances)
	all := newServed(entrances, a.s.opt.Warn)
	a.s.served.Store(all)
	for _, watch := range all.webs {
		g.Go(func() error { watch.run(ended); return nil })
	}
	for i, e := range entrances {
		e.begin(a.s.opt.Warn)
		watch := all.webs[e.Door.WebConfig]
		server := a.serverOf(ctx, e.Door, watch)
		l := limited(e.Listener, shares[i], a.s.opt.Warn)
		g.Go(func() error {
			if err := serveOne(server, l, watch); !errors.Is(err, http.ErrServerClosed) {
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

// serveOne serves by the web configuration that is watched; nil: by none.
func serveOne(server *http.Server, l net.Listener, watch *webWatch) error {
	if watch != nil {
		return serveTLS(server, l, watch)
	}
	return server.Serve(l)
}

// served is what is served now. It doesn't change.
type served struct {
	entrances []*Entrance
	webs      map[string]*webWatch // the web configurations by which they are, each once
}

func newServed(entrances []*Entrance, warn func(string)) *served {
	all := &served{entrances, make(map[string]*webWatch)}
	for _, e := range entrances {
		if file := e.Door.WebConfig; file != "" {
			all.webs[file] = newWebWatch(file, warn)
		}
	}
	return all
}

// troubles are why nobody comes in by some of the doors. nil has none.
func (all *served) troubles() []string {
	var why []string
	if all == nil {
		return nil
	}
	for _, e := range all.entrances {
		why = append(why, e.trouble())
	}
	for _, file := range slices.Sorted(maps.Keys(all.webs)) {
		why = append(why, all.webs[file].trouble())
	}
	return slices.DeleteFunc(why, func(text string) bool { return text == "" })
}

// Recheck looks again at what the doors are served by, soon and without being
// waited for: for SIGHUP.
func (a *API) Recheck() {
	if all := a.s.served.Load(); all != nil {
		for _, watch := range all.webs {
			watch.again()
		}
	}
}

// serverOf returns the server of one door. It speaks HTTP/1.1 only: one
// request after the other, so that the number of connections bounds the work.
func (a *API) serverOf(ctx context.Context, d Door, watch *webWatch) *http.Server {
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
		ErrorLog:          log.New(complaints{a.s.opt.Warn, watch}, "", 0),
		// Else net/http answers OPTIONS * itself, before any guard.
		DisableGeneralOptionsHandler: true,
		BaseContext:                  func(net.Listener) context.Context { return ctx },
		ConnContext:                  withConnection,
		ConnState:                    noteIdle,
	}
}

// complaints hands on what net/http complains of, but for failed handshakes,
// which any stranger can make by the thousand: they are a reason to look whether
// it is our fault.
type complaints struct {
	to    func(string)
	watch *webWatch // nil where there is no TLS
}

func (c complaints) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	switch handshake := strings.Contains(text, "TLS handshake error"); {
	case !handshake:
		c.to(text)
	case c.watch != nil:
		c.watch.again()
	}
	return len(line), nil
}
