// Package app is the daemon: it puts the parts together and keeps them in
// motion. It is the only package that knows all of them, and the only user of
// zap and of systemd.
package app

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"time"

	"reconciler/api"
	"reconciler/config"
	"reconciler/desired"
	"reconciler/engine"
	"reconciler/metrics"
	"reconciler/observed"
	"reconciler/reconcile"
	"reconciler/reconcile/containers"
)

// App is the daemon: its parts, put together.
type App struct {
	store     *desired.Store
	observer  *observed.Observer
	loop      *reconcile.Loop
	recorder  reconcile.Recorders
	tokens    *api.Tokens // nil: there is no token file
	api       *api.API
	entrances []*api.Entrance
	names     names
	news      news
	end       *ending
	file      string           // the state file
	reread    <-chan os.Signal // when to read everything again; nil: never

	supervisor *supervisor
}

// Options is what New needs besides the settings.
type Options struct {
	// Version is told by the API and the metrics.
	Version string
	// Log is where the log is written to. It must not make who writes wait. Required.
	Log io.Writer
	// Engine is used instead of the one that the settings name; nil: theirs.
	Engine engine.Engine

	process *Process // that is to end with the daemon, or nil
}

// InputError is an error of what was asked for: of a setting, or of a file that
// a setting names.
type InputError struct{ err error }

func (e *InputError) Error() string { return e.err.Error() }
func (e *InputError) Unwrap() error { return e.err }

// keptEvents is how many events GET /v1/events can still tell (docs/http.md).
const keptEvents = 1000

// New puts the parts together, and opens the doors: who comes waits for Run. The
// settings are valid (config.Config.Validate). Close lets go of what was opened;
// where New fails it has done so itself.
func New(conf config.Config, opt Options) (a *App, err error) {
	a = &App{file: conf.State, end: &ending{}}
	dropped := func() int64 { return 0 }
	if p := opt.process; p != nil {
		a.end, a.reread, dropped = p.end, p.hangups, p.out.dropped
	}
	defer func(opened *App) {
		if err != nil {
			opened.Close()
		}
	}(a)
	log, err := newLogger(opt.Log, conf.LogFormat, conf.LogLevel)
	if err != nil {
		return nil, err
	}
	// First of all, so that a second instance is told that it is one.
	if a.store, err = desired.Open(desired.Options{File: conf.State, DataDir: conf.DataDir}); err != nil {
		return nil, err
	}
	if err := a.open(conf); err != nil {
		return nil, err
	}
	counts := metrics.New(metrics.Options{Version: opt.Version, LogDropped: dropped})
	history := reconcile.NewHistory(rand.Text()[:8], keptEvents)
	a.recorder = reconcile.Recorders{log, counts, history}
	if a.supervisor, err = newSupervisor(a.warn); err != nil {
		return nil, err
	}
	world := opt.Engine
	if world == nil {
		if world, err = OpenEngine(conf.Engine, conf.DockerHost, a.store.Snapshot().Document, counts.ObserveCall); err != nil {
			return nil, err
		}
	}
	myself := Self(conf.State)
	a.observer = observed.New(observed.Options{
		Engine: world, Self: myself, Project: a.store.Snapshot().Document.Project, Resync: conf.Resync,
		Names: func() map[string]bool { return a.names.of(a.store.Snapshot().Document) },
		Heard: func(h observed.Heard) { a.heard(h, counts) },
	})
	decider, err := reconcile.New(reconcile.Options{
		Driver:  containers.New(containers.Options{Engine: world, World: a.observer, Self: myself}),
		Desired: a.store, Recorder: a.recorder, DryRun: conf.DryRun, Ticked: a.supervisor.ticked,
	})
	if err != nil {
		return nil, err
	}
	a.loop = reconcile.NewLoop(decider, conf.Workers)
	a.observer.Subscribe(a.loop.Wake)
	a.store.Subscribe(a.stateChanged)
	a.api = api.New(api.Options{
		Loop: a.loop, State: a.store, History: history, Logs: world, Metrics: counts.Handler(a.loop), Version: opt.Version,
		Hosts: hosts(conf), Tokens: a.tokens, Warn: a.warn, Observe: counts.ObserveHTTP,
	})
	a.begin()
	return a, nil
}

// begin tells of what the file was found to be.
func (a *App) begin() {
	snap := a.store.Snapshot()
	a.stateChanged(desired.Report{Snapshot: snap, Err: snap.Problem})
	for _, w := range a.store.Warnings() {
		a.warn(w)
	}
}

// stateChanged tells of what became of a change of the file. It is called by
// one goroutine at a time.
func (a *App) stateChanged(r desired.Report) {
	for _, w := range r.Warnings {
		a.warn(w)
	}
	if len(r.Warnings) > 0 {
		return
	}
	for _, e := range a.news.events(r) {
		a.recorder.Record(e)
	}
	if a.names.moved(r.Snapshot.Document) { // containers may matter that no list shows
		a.observer.LookNow()
	}
	a.loop.Wake()
}

// heard tells of what the observer heard.
func (a *App) heard(h observed.Heard, counts *metrics.Metrics) {
	e := reconcile.Event{Time: time.Now(), Project: a.store.Snapshot().Document.Project, Took: h.Took, Err: h.Lost}
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
	a.recorder.Record(e)
}

// warn tells of what is no event of a service.
func (a *App) warn(text string) {
	a.recorder.Record(reconcile.Event{Time: time.Now(), Kind: reconcile.KindWarning, Message: text})
}

// Close lets go of what was opened. It is called after Run, or instead of it.
func (a *App) Close() {
	for _, e := range a.entrances {
		_ = e.Close() // nothing was accepted that could be lost
	}
	if a.store != nil {
		_ = a.store.Close() // the lock ends with the process anyway
	}
}
