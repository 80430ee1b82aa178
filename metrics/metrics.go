// Package metrics tells Prometheus. It keeps a registry of its own; what is of
// a service is read from the overview when it is asked for, so that the series
// of a service that is no longer listed are gone; everything else is counted
// from the events that it is told of.
//
// Label values come from the file and from closed sets only. Every series that
// can be known is there from the start.
package metrics

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"reconciler/engine"
	"reconciler/reconcile"
	"reconciler/reconcile/plan"
)

const prefix = "reconciler_"

// Options says what to tell of. All are required.
type Options struct {
	Version  string
	Overview func() reconcile.Overview
	Queue    func() (depth int, oldest time.Duration)
}

// Metrics counts. Its methods may be called by any number of goroutines.
type Metrics struct {
	registry *prometheus.Registry

	drift         *prometheus.CounterVec // of the services, by cause
	restarts      *prometheus.CounterVec
	convergence   *prometheus.HistogramVec
	actions       *prometheus.CounterVec
	reconciles    *prometheus.CounterVec
	reconcileTime prometheus.Histogram
	engineUp      prometheus.Gauge
	engineCalls   *prometheus.HistogramVec
	engineEvents  *prometheus.CounterVec
	streamUp      prometheus.Gauge
	resynced      prometheus.Gauge
	reloads       *prometheus.CounterVec
	reloadOK      prometheus.Gauge
	reloadTime    prometheus.Gauge
	httpRequests  *prometheus.CounterVec
	httpTime      *prometheus.HistogramVec

	mu   sync.Mutex
	told map[string]bool // services whose counters exist
}

// calls are the calls to the engine, and outcomes how each may end.
var (
	calls    = []string{"info", "list", "inspect", "start", "stop", "restart", "unpause"}
	outcomes = []string{"ok", "gone", "error"}
)

// New returns metrics that nobody has counted on yet.
func New(opt Options) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + name, Help: help})
		m.registry.MustRegister(g)
		return g
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: buckets}, labels)
		m.registry.MustRegister(h)
		return h
	}
	short := prometheus.ExponentialBuckets(0.0001, 4, 8) // 0.1 ms … 1.6 s
	long := prometheus.ExponentialBuckets(0.05, 2, 14)   // 50 ms … 410 s

	m.drift = counter("drift_total", "Times that a service was found not as the file says, through no change of the file, by what was found.", "project", "service", "cause")
	m.restarts = counter("service_restarts_total", "Starts and restarts that reconciler made of a service that should have been running, by what was found.", "project", "service", "reason")
	m.convergence = histogram("convergence_seconds", "Time from what made a service differ from the file until it was as wanted.", long, "trigger")
	m.actions = counter("actions_total", "Calls to the engine that change something, by their outcome.", "verb", "outcome")
	m.reconciles = counter("reconcile_total", "Decisions made.", "outcome")
	m.reconcileTime = histogram("reconcile_seconds", "Time that one decision takes.", prometheus.ExponentialBuckets(0.00001, 4, 8)).WithLabelValues().(prometheus.Histogram)
	m.engineUp = gauge("engine_up", "1 while the engine can be asked.")
	m.engineCalls = histogram("engine_request_seconds", "Time that calls to the engine take, without waiting for their turn.", long, "call", "outcome")
	m.engineEvents = counter("engine_events_total", "Events that the engine delivered.", "action")
	m.streamUp = gauge("engine_event_stream_connected", "1 while events are delivered.")
	m.resynced = gauge("last_resync_timestamp_seconds", "When all containers were last listed; 0: never.")
	m.reloads = counter("state_reload_total", "Changes of the file, by whether they were accepted.", "outcome")
	m.reloadOK = gauge("state_last_reload_successful", "1 while the file on disk is the one in force.")
	m.reloadTime = gauge("state_last_reload_success_timestamp_seconds", "When the document in force was accepted.")
	m.httpRequests = counter("http_requests_total", "HTTP requests answered.", "route", "method", "code")
	m.httpTime = histogram("http_request_seconds", "Time that HTTP requests take, waiting included.", short, "route")
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + "build_info", Help: "1; the version is in the label."}, []string{"version"})
	build.WithLabelValues(opt.Version).Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newServices(m, opt))
	m.present()
	return m
}

// present makes the series of the closed sets, at 0.
func (m *Metrics) present() {
	for _, v := range plan.Verbs() {
		for _, o := range reconcile.Outcomes() {
			m.actions.WithLabelValues(string(v), string(o))
		}
	}
	for _, t := range reconcile.Triggers() {
		m.convergence.WithLabelValues(string(t))
	}
	m.reconciles.WithLabelValues(string(reconcile.OutcomeOK))
	for _, c := range calls {
		for _, o := range outcomes {
			m.engineCalls.WithLabelValues(c, o)
		}
	}
	for _, a := range engine.Actions() {
		m.engineEvents.WithLabelValues(string(a))
	}
	m.reloads.WithLabelValues("accepted")
	m.reloads.WithLabelValues("rejected")
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// Record implements reconcile.Recorder.
func (m *Metrics) Record(e reconcile.Event) {
	switch e.Kind {
	case reconcile.KindStateAccepted:
		m.reloads.WithLabelValues("accepted").Inc()
		m.reloadOK.Set(1)
		m.reloadTime.Set(seconds(e.Time))
	case reconcile.KindStateRejected:
		m.reloads.WithLabelValues("rejected").Inc()
		m.reloadOK.Set(0)
	case reconcile.KindEngineConnected:
		m.engineUp.Set(1)
		m.streamUp.Set(1)
	case reconcile.KindEngineLost:
		m.engineUp.Set(0)
		m.streamUp.Set(0)
	case reconcile.KindResynced:
		m.resynced.Set(seconds(e.Time))
	case reconcile.KindDrift:
		m.drift.WithLabelValues(e.Project, e.Service, string(e.Cause)).Inc()
	case reconcile.KindAction:
		m.actions.WithLabelValues(string(e.Verb), string(e.Outcome)).Inc()
		if e.Outcome == reconcile.OutcomeOK && slices.Contains(restartCauses, e.Cause) && e.Verb != plan.Stop {
			m.restarts.WithLabelValues(e.Project, e.Service, string(e.Cause)).Inc()
		}
	case reconcile.KindConverged:
		m.convergence.WithLabelValues(string(e.Trigger)).Observe(e.Took.Seconds())
	case reconcile.KindDecided:
		m.reconciles.WithLabelValues(string(e.Outcome)).Inc()
		m.reconcileTime.Observe(e.Took.Seconds())
	}
}

// restartCauses are the causes for which a service that should run is started
// again.
var restartCauses = []plan.Cause{plan.CauseExited, plan.CauseRequested}

// ObserveCall counts a call to the engine.
func (m *Metrics) ObserveCall(call, outcome string, took time.Duration) {
	m.engineCalls.WithLabelValues(among(call, calls), among(outcome, outcomes)).Observe(took.Seconds())
}

// ObserveEvent counts an event of the engine.
func (m *Metrics) ObserveEvent(a engine.Action) {
	if slices.Contains(engine.Actions(), a) {
		m.engineEvents.WithLabelValues(string(a)).Inc()
	}
}

// ObserveHTTP counts a request; route and method must be of closed sets.
func (m *Metrics) ObserveHTTP(route, method string, code int, took time.Duration) {
	m.httpRequests.WithLabelValues(route, method, status(code)).Inc()
	m.httpTime.WithLabelValues(route).Observe(took.Seconds())
}

// among keeps a label value within its set.
func among(value string, known []string) string {
	if slices.Contains(known, value) {
		return value
	}
	return "other"
}

// status is a code of HTTP, within bounds.
func status(code int) string {
	if code < 100 || code > 599 {
		return "other"
	}
	return string([]byte{byte('0' + code/100), byte('0' + code/10%10), byte('0' + code%10)})
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
