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
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"reconciler/engine"
	"reconciler/reconcile"
)

const prefix = "reconciler_"

// Options says what to tell of besides the services. Both are required.
type Options struct {
	Version string
	// LogDropped is how many lines of the log were lost so far.
	LogDropped func() int64
}

// Source is what the services are read from whenever somebody asks: a
// reconcile.Loop.
type Source interface {
	Known() reconcile.Known
	Queue() (depth int, oldest time.Duration)
}

// Metrics counts. Its methods may be called by any number of goroutines.
type Metrics struct {
	registry *prometheus.Registry
	now      func() time.Time

	drift         *counts
	restarts      *counts
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
}

// New returns metrics that nobody has counted on yet.
func New(opt Options) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), now: time.Now}
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
	tiny := prometheus.ExponentialBuckets(0.00001, 4, 8)  // 10 µs … 160 ms: no call is made in it
	short := prometheus.ExponentialBuckets(0.0005, 4, 10) // 0.5 ms … 131 s: an inspect, a stop in its grace
	long := prometheus.ExponentialBuckets(0.05, 2, 14)    // 50 ms … 410 s: until a service is as wanted

	m.drift = newCounts("drift_total", "Times that a service was found not as the file says, through no change of the file, by what was found.", "cause", driftCauses())
	m.restarts = newCounts("service_restarts_total", "Starts and restarts that reconciler made of a service that should have been running, by what was found.", "reason", restartCauses())
	m.convergence = histogram("convergence_seconds", "Time from what made a service differ from the file until it was as wanted.", long, "trigger")
	m.actions = counter("actions_total", "Calls to the engine that change something, by their outcome.", "verb", "outcome")
	m.reconciles = counter("reconcile_total", "Decisions made.", "outcome")
	m.reconcileTime = histogram("reconcile_seconds", "Time that one decision takes.", tiny).WithLabelValues().(prometheus.Histogram)
	m.engineUp = gauge("engine_up", "1 while the engine can be asked.")
	m.engineCalls = histogram("engine_request_seconds", "Time that calls to the engine take, without waiting for their turn.", short, "call", "outcome")
	m.engineEvents = counter("engine_events_total", "Events that the engine delivered.", "action")
	m.streamUp = gauge("engine_event_stream_connected", "1 while events are delivered.")
	m.resynced = gauge("last_resync_timestamp_seconds", "When all containers were last listed; 0: never.")
	m.reloads = counter("state_reload_total", "Changes of the file, by whether they were accepted.", "outcome")
	m.reloadOK = gauge("state_last_reload_successful", "1 while the file on disk is the one in force.")
	m.reloadTime = gauge("state_last_reload_success_timestamp_seconds", "When the document in force was accepted.")
	m.httpRequests = counter("http_requests_total", "HTTP requests answered.", "route", "method", "code")
	m.httpTime = histogram("http_request_seconds", "Time that HTTP requests take, waiting included.", short, "route")
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: prefix + "log_dropped_total",
		Help: "Lines of the log that were lost, as nobody read them or they could not be written.",
	},
		func() float64 { return float64(opt.LogDropped()) }))
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + "build_info", Help: "1; the version is in the label."}, []string{"version"})
	build.WithLabelValues(opt.Version).Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.present()
	return m
}

// present makes the series of the closed sets, at 0.
func (m *Metrics) present() {
	for _, v := range engine.Verbs() {
		for _, o := range reconcile.Outcomes() {
			m.actions.WithLabelValues(string(v), string(o))
		}
	}
	for _, t := range reconcile.Triggers() {
		m.convergence.WithLabelValues(string(t))
	}
	for _, o := range reconcile.Outcomes() {
		m.reconciles.WithLabelValues(string(o))
	}
	for _, c := range calls() {
		for _, o := range reconcile.Outcomes() {
			m.engineCalls.WithLabelValues(c, string(o))
		}
	}
	for _, a := range engine.Actions() {
		m.engineEvents.WithLabelValues(string(a))
	}
	m.reloads.WithLabelValues("accepted")
	m.reloads.WithLabelValues("rejected")
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
	case reconcile.KindStateMended:
		m.reloadOK.Set(1)
	case reconcile.KindEngineConnected:
		m.engineUp.Set(1)
		m.streamUp.Set(1)
	case reconcile.KindEngineLost:
		m.engineUp.Set(0)
		m.streamUp.Set(0)
	case reconcile.KindResynced:
		m.resynced.Set(seconds(e.Time))
	case reconcile.KindDrift:
		m.drift.add(e.Project, e.Service, string(e.Cause))
	case reconcile.KindAction:
		m.actions.WithLabelValues(label(e.Verb, engine.Verbs()), label(e.Outcome, reconcile.Outcomes())).Inc()
		if does := e.Verb.Traits(); e.Outcome == reconcile.OutcomeOK && (does.Begins || does.Harmless()) {
			m.restarts.add(e.Project, e.Service, string(e.Cause))
		}
	case reconcile.KindConverged:
		m.convergence.WithLabelValues(label(e.Trigger, reconcile.Triggers())).Observe(e.Took.Seconds())
	case reconcile.KindDecided:
		m.reconciles.WithLabelValues(label(e.Outcome, reconcile.Outcomes())).Inc()
		m.reconcileTime.Observe(e.Took.Seconds())
	case reconcile.KindWithheld, reconcile.KindStalled, reconcile.KindNotReady, reconcile.KindRequested, reconcile.KindWarning:
		// The log and the history tell them; what lasts of them is a gauge.
	}
}

// ObserveCall counts a call to the engine.
func (m *Metrics) ObserveCall(call, outcome string, took time.Duration) {
	m.engineCalls.WithLabelValues(label(call, calls()), label(reconcile.Outcome(outcome), reconcile.Outcomes())).Observe(took.Seconds())
}

// ObserveEvent counts an event of the engine.
func (m *Metrics) ObserveEvent(a engine.Action) {
	m.engineEvents.WithLabelValues(label(a, engine.Actions())).Inc()
}

// ObserveHTTP counts a request. route and method must be of closed sets: the
// pattern that the request matched, never its path; and a method that the API
// tells apart.
func (m *Metrics) ObserveHTTP(route, method string, code int, took time.Duration) {
	status := other
	if http.StatusText(code) != "" {
		status = strconv.Itoa(code)
	}
	m.httpRequests.WithLabelValues(route, method, status).Inc()
	m.httpTime.WithLabelValues(route).Observe(took.Seconds())
}

// seconds is a time as Prometheus has it; 0: never.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
