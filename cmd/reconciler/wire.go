package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"reconciler/api"
	"reconciler/config"
	"reconciler/desired"
	"reconciler/engine"
	"reconciler/engine/docker"
	"reconciler/engine/sim"
	"reconciler/metrics"
	"reconciler/observed"
	"reconciler/reconcile"
)

// daemon is the parts of `reconciler run`, put together and not yet started.
type daemon struct {
	store     *desired.Store
	observer  *observed.Observer
	loop      *reconcile.Loop
	recorder  reconcile.Recorders
	tokens    *api.Tokens // nil: there is no token file
	api       *api.API
	entrances []*api.Entrance
	names     names
	news      news

	supervisor *supervisor
}

// keptEvents is how many events GET /v1/events can still tell (docs/http.md).
const keptEvents = 1000

// wire puts the parts together; logs must not make who writes wait, and dropped
// is how many lines of it were lost. What wire opened is closed by close, or, if
// it fails, by itself.
func wire(conf config.Config, logs io.Writer, dropped func() int64) (d *daemon, err error) {
	d = &daemon{}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	log, err := newLogger(logs, conf.LogFormat, conf.LogLevel)
	if err != nil {
		return d, err
	}
	// First of all, so that a second instance is told that it is one.
	if d.store, err = desired.Open(desired.Options{File: conf.State, DataDir: conf.DataDir}); err != nil {
		return d, err
	}
	if err := d.open(conf); err != nil {
		return d, err
	}
	counts := metrics.New(metrics.Options{Version: version,
		Overview:   func() reconcile.Overview { return d.loop.Overview() },
		Queue:      func() (int, time.Duration) { return d.loop.Queue() },
		LogDropped: dropped})
	history := reconcile.NewHistory(rand.Text()[:8], keptEvents)
	d.recorder = reconcile.Recorders{log, counts, history}
	if d.supervisor, err = newSupervisor(d.warn); err != nil {
		return d, err
	}
	world, err := openEngine(conf.Engine, conf.DockerHost, d.store.Snapshot().Document, counts.ObserveCall)
	if err != nil {
		return d, err
	}
	myself := self(conf.State)
	d.observer = observed.New(observed.Options{
		Engine: world, Self: myself, Project: d.store.Snapshot().Document.Project, Resync: conf.Resync,
		Names:   func() map[string]bool { return d.names.of(d.store.Snapshot().Document) },
		Changed: func() { d.loop.Wake() },
		Heard:   func(h observed.Heard) { d.heard(h, counts) },
	})
	decider, err := reconcile.New(reconcile.Options{Engine: world, World: d.observer, Desired: d.store,
		Recorder: d.recorder, Self: myself, DryRun: conf.DryRun, Ticked: d.supervisor.ticked})
	if err != nil {
		return d, err
	}
	d.loop = reconcile.NewLoop(decider, conf.Workers)
	d.store.Subscribe(d.stateChanged)
	d.api = api.New(api.Options{Loop: d.loop, State: d.store, History: history, Logs: world, Metrics: counts.Handler(), Version: version,
		Hosts: hosts(conf), Tokens: d.tokens, Warn: d.warn, Observe: counts.ObserveHTTP})
	d.begin()
	return d, nil
}

// begin tells of what the file was found to be.
func (d *daemon) begin() {
	snap := d.store.Snapshot()
	d.stateChanged(desired.Report{Snapshot: snap, Err: snap.Problem})
	for _, w := range d.store.Warnings() {
		d.warn(w)
	}
}

// openEngine returns the engine of that kind; the simulated one already has a
// container for each service of the document, which may be nil.
func openEngine(kind, host string, doc *desired.Document, observe func(string, string, time.Duration)) (engine.Engine, error) {
	if kind == "sim" {
		world := sim.New(sim.Options{})
		if doc != nil {
			world.Populate(doc)
		}
		return world, nil
	}
	e, err := docker.New(docker.Options{Host: host, Observe: observe})
	if err != nil {
		return nil, badInput(err)
	}
	return e, nil
}

// stateChanged tells of what became of a change of the file. It is called by
// one goroutine at a time.
func (d *daemon) stateChanged(r desired.Report) {
	for _, w := range r.Warnings {
		d.warn(w)
	}
	if len(r.Warnings) > 0 {
		return
	}
	for _, e := range d.news.events(r) {
		d.recorder.Record(e)
	}
	if d.names.moved(r.Snapshot.Document) { // containers may matter that no list shows
		d.observer.LookNow()
	}
	d.loop.Wake()
}

// heard tells of what the observer heard.
func (d *daemon) heard(h observed.Heard, counts *metrics.Metrics) {
	e := reconcile.Event{Time: time.Now(), Project: d.store.Snapshot().Document.Project, Took: h.Took, Err: h.Lost}
	switch {
	case h.Action != "":
		counts.ObserveEvent(h.Action)
		return
	case h.Resynced:
		e.Kind = reconcile.KindResynced
	case h.Connected != nil:
		e.Kind = reconcile.KindEngineConnected
		e.Message = fmt.Sprintf("%s, version %s, API %s", h.Connected.Address, h.Connected.Version, h.Connected.APIVersion)
	case h.Lost != nil:
		e.Kind = reconcile.KindEngineLost
	}
	d.recorder.Record(e)
}

// warn tells of what is no event of a service.
func (d *daemon) warn(text string) {
	d.recorder.Record(reconcile.Event{Time: time.Now(), Kind: reconcile.KindWarning, Message: text})
}

func (d *daemon) serve(ctx context.Context) error {
	return api.Serve(ctx, d.api, d.entrances...)
}

// reload reads everything again, and looks at everything again.
func (d *daemon) reload() {
	d.supervisor.reloading()
	d.store.Reload()
	if d.tokens != nil {
		_ = d.tokens.Reload() // who warns of a bad one is told
	}
	d.api.Recheck()
	d.loop.LookNow("SIGHUP", "")
	d.supervisor.ready()
}

// close lets go of what was opened. An entrance that served is closed already.
func (d *daemon) close() {
	for _, e := range d.entrances {
		_ = e.Close() // nothing was accepted that could be lost
	}
	if d.store != nil {
		_ = d.store.Close() // the lock ends with the process anyway
	}
}
