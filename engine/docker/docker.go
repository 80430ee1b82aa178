// Package docker is the port to the containers, over the Docker API, and the
// only importer of its client. It works with engines from API 1.41 (20.10, the
// oldest that Debian ships) to the newest, and needs nothing newer than 1.41.
//
// Every call has a deadline of its own; reads, logs and followed logs each have
// their own limit.
// How many starts and stops are made at once is their caller's to bound.
package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"

	"reconciler/engine"
	"reconciler/engine/docker/hands"
)

// The deadlines of the calls, without the time for which they wait for their
// turn. A stop or restart has the container's grace on top.
const (
	infoDeadline  = 10 * time.Second
	listDeadline  = 10 * time.Second
	readDeadline  = 5 * time.Second
	eventDeadline = 10 * time.Second // until the stream begins; it has no end
	logDeadline   = 10 * time.Second // for the turn, for the answer, and for each piece of what isn't followed
	startDeadline = time.Minute
	stopDeadline  = 15 * time.Second
	// ownGrace stands for a grace that only the container knows.
	ownGrace = 10 * time.Minute
)

// oldestAPI is the oldest version of the API that has all that is asked for.
const oldestAPI = "1.41"

// How many calls of a kind are made at once.
const (
	maxReads   = 4
	maxLogs    = 8  // beside the reads, so that whoever reads a log slowly holds up none
	maxFollows = 16 // beside the logs that have an end, for these have none
)

// Options says where the engine is. The zero value means DOCKER_HOST, else the
// default socket.
type Options struct {
	Host string
	// Observe is told of each call that was made: its name, its outcome (ok,
	// gone or error) and how long it took, without waiting for its turn. It
	// must return at once. nil: nobody.
	Observe func(call, outcome string, took time.Duration)
}

// Engine implements engine.Engine.
type Engine struct {
	most   int // bytes of one answer that are read
	opt    Options
	client atomic.Pointer[client.Client] // negotiated anew by Info
	reads  chan struct{}
	logs   chan struct{}
	follow chan struct{}
}

var _ engine.Engine = (*Engine)(nil)

// New returns the engine at that host without asking it anything. It fails if
// the host can't be an address.
func New(opt Options) (*Engine, error) {
	if opt.Observe == nil {
		opt.Observe = func(string, string, time.Duration) {}
	}
	e := &Engine{
		opt:    opt,
		most:   maxAnswer,
		reads:  make(chan struct{}, maxReads),
		logs:   make(chan struct{}, maxLogs),
		follow: make(chan struct{}, maxFollows),
	}
	cli, err := e.connect()
	if err != nil {
		return nil, err
	}
	e.client.Store(cli)
	return e, nil
}

// connect makes a client, which negotiates the API's version unless more says one.
func (e *Engine) connect(more ...client.Opt) (*client.Client, error) {
	if strings.HasPrefix(e.opt.Host, "ssh://") {
		return nil, fmt.Errorf("engine address %s: ssh is not supported; forward the socket instead", e.opt.Host)
	}
	opts := []client.Opt{client.FromEnv, client.WithAPIVersionNegotiation()}
	if e.opt.Host != "" {
		opts = append(opts, client.WithHost(e.opt.Host))
	}
	last, finish := bounded(e.most)
	cli, err := client.NewClientWithOpts(append(append(opts, more...), last)...)
	if err != nil {
		return nil, fmt.Errorf("engine address %q: %w", e.opt.Host, err)
	}
	finish()
	return cli, nil
}

// Address returns where the engine is looked for.
func (e *Engine) Address() string { return e.client.Load().DaemonHost() }

// Close gives up idle connections.
func (e *Engine) Close() error { return e.client.Load().Close() }

// Info implements engine.Engine. It negotiates with a client of its own, so
// that an engine that came back newer or older is spoken to in its version.
func (e *Engine) Info(ctx context.Context) (engine.Info, error) {
	cli, err := e.connect()
	if err != nil {
		return engine.Info{}, err
	}
	var info engine.Info
	err = e.do(ctx, call{"info", "", e.reads, infoDeadline}, func(ctx context.Context) error {
		var server engine.Server
		v, err := cli.ServerVersion(watched(ctx, &server))
		info = engine.Info{Address: cli.DaemonHost(), Version: v.Version, APIVersion: cli.ClientVersion(), Server: server, Hands: hands.Docker()}
		if err == nil && versions.LessThan(info.APIVersion, oldestAPI) {
			// Also where a ping fails without a version: the client takes 1.24 then.
			return fmt.Errorf("API %s was agreed on, and %s is the oldest that will do", info.APIVersion, oldestAPI)
		}
		return err
	})
	if err != nil {
		_ = cli.Close() // nothing was sent that could be lost
		return engine.Info{}, err
	}
	if old := e.client.Swap(cli); old != nil {
		_ = old.Close() // its calls under way go on
	}
	return info, nil
}

// List implements engine.Engine.
func (e *Engine) List(ctx context.Context, project string) ([]engine.Summary, error) {
	var list []container.Summary
	args := filters.NewArgs()
	if project != "" {
		args.Add("label", engine.LabelProject+"="+project)
	}
	err := e.do(ctx, call{"list", project, e.reads, listDeadline}, func(ctx context.Context) (err error) {
		// Without All, what is stopped would be missing.
		list, err = e.client.Load().ContainerList(ctx, container.ListOptions{All: true, Filters: args})
		if err != nil {
			return err
		}
		return complete(list)
	})
	if err != nil {
		return nil, err
	}
	summaries := make([]engine.Summary, len(list))
	for i, c := range list {
		summaries[i] = summary(c)
	}
	return summaries, nil
}

// Inspect implements engine.Engine. The API also finds by a prefix of an ID;
// the port does not.
func (e *Engine) Inspect(ctx context.Context, ref string) (engine.Container, error) {
	var c engine.Container
	err := e.do(ctx, call{"inspect", ref, e.reads, readDeadline}, func(ctx context.Context) error {
		found, err := e.client.Load().ContainerInspect(ctx, ref)
		if err != nil {
			return err
		}
		c, err = translate(found)
		return err
	})
	if err == nil && c.ID != ref && c.Name != ref {
		return engine.Container{}, fmt.Errorf("inspect %s: %w", ref, engine.ErrNotFound)
	}
	return c, err
}

// Start implements engine.Engine.
func (e *Engine) Start(ctx context.Context, id string) error {
	return e.do(ctx, call{"start", id, nil, startDeadline}, func(ctx context.Context) error {
		return startError(e.client.Load().ContainerStart(ctx, id, container.StartOptions{}), id)
	})
}

// Stop implements engine.Engine.
func (e *Engine) Stop(ctx context.Context, id string, grace time.Duration) error {
	opt, patience := stopOptions(grace)
	return e.do(ctx, call{"stop", id, nil, patience}, func(ctx context.Context) error {
		return e.client.Load().ContainerStop(ctx, id, opt)
	})
}

// Restart implements engine.Engine.
func (e *Engine) Restart(ctx context.Context, id string, grace time.Duration) error {
	opt, patience := stopOptions(grace)
	return e.do(ctx, call{"restart", id, nil, patience + startDeadline}, func(ctx context.Context) error {
		return startError(e.client.Load().ContainerRestart(ctx, id, opt), id)
	})
}

// stopOptions returns how to ask for that grace, and how long to wait for it.
// The API counts in whole seconds; a part of one is a whole one.
func stopOptions(grace time.Duration) (container.StopOptions, time.Duration) {
	if grace < 0 {
		return container.StopOptions{}, ownGrace + stopDeadline
	}
	seconds := int((grace + time.Second - 1) / time.Second)
	return container.StopOptions{Timeout: &seconds}, grace + stopDeadline
}

// Unpause implements engine.Engine.
func (e *Engine) Unpause(ctx context.Context, id string) error {
	err := e.do(ctx, call{"unpause", id, nil, startDeadline}, func(ctx context.Context) error {
		return e.client.Load().ContainerUnpause(ctx, id)
	})
	if err != nil && strings.Contains(err.Error(), "is not paused") { // 500 or 409, by version
		return nil
	}
	return err
}

// call is one call to the engine.
type call struct {
	name     string
	subject  string
	turn     chan struct{} // what limits how many are made at once; nil: nothing here
	deadline time.Duration
}

// String is "inspect web", or just "info" where there is no subject.
func (c call) String() string { return strings.TrimSpace(c.name + " " + c.subject) }

// do waits for the call's turn, makes it within its deadline and translates
// its error.
func (e *Engine) do(ctx context.Context, c call, f func(context.Context) error) error {
	if c.turn != nil {
		select {
		case c.turn <- struct{}{}:
			defer func() { <-c.turn }()
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", c, ctx.Err())
		}
	}
	limited, cancel := context.WithTimeout(ctx, c.deadline)
	defer cancel()
	began := time.Now()
	err := c.result(ctx, limited, e.explain(f(limited)))
	e.opt.Observe(c.name, outcome(err), time.Since(began))
	return err
}

// result is the client's error in the port's words. limited is ctx with the
// call's deadline.
func (c call) result(ctx, limited context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", c, ctx.Err())
	case limited.Err() != nil:
		return fmt.Errorf("%s: no answer within %s: %w", c, c.deadline, engine.ErrUnavailable)
	}
	return fmt.Errorf("%s: %w", c, sentinel(err))
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, engine.ErrNotFound):
		return "gone"
	}
	return "error"
}
