package metrics

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"

	"reconciler/desired"
	"reconciler/reconcile"
	"reconciler/reconcile/plan"
)

// services tells of each service as it is when it is asked.
type services struct {
	opt             Options
	drift, restarts *counts

	desired, state, ready, converged, suspended, stalled *prometheus.Desc
	replicasDesired, replicasRunning, replicasReady      *prometheus.Desc
	exitCode, backoff, nextAttempt                       *prometheus.Desc
	orphans, generation, queueDepth, queueOldest         *prometheus.Desc
}

func newServices(drift, restarts *counts, opt Options) *services {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prefix+name, help, labels, nil)
	}
	of := func(name, help string, more ...string) *prometheus.Desc {
		return desc(name, help, append([]string{"project", "service"}, more...)...)
	}
	return &services{
		opt: opt, drift: drift, restarts: restarts,
		desired:         of("service_desired", "1 for the state that the file asks for.", "state"),
		state:           of("service_state", "1 for the status that the service has.", "state"),
		ready:           of("service_ready", "1 while the service is of use."),
		converged:       of("service_converged", "1 while the service is as the file says."),
		suspended:       of("service_suspended", "1 while nothing is done to the service."),
		stalled:         of("service_stalled", "1 with the reason for which nothing more will happen by itself; 0 and no reason otherwise.", "reason"),
		replicasDesired: of("service_replicas_desired", "Containers that should run."),
		replicasRunning: of("service_replicas_running", "Containers that run."),
		replicasReady:   of("service_replicas_ready", "Containers that run and aren't known to be unhealthy."),
		exitCode:        of("service_last_exit_code", "Exit code of the newest exit that was seen of its containers, also once they run again; NaN while none was."),
		backoff:         of("service_backoff_seconds", "Seconds until the next attempt, as decided last; 0: none is awaited."),
		nextAttempt:     of("service_next_attempt_timestamp_seconds", "When the next attempt is made; 0: none is awaited."),
		orphans:         desc("orphan_containers", "Containers of the project that belong to no listed service.", "project"),
		generation:      desc("state_generation", "Generation of the document in force."),
		queueDepth:      desc("queue_depth", "Services that wait to be decided about."),
		queueOldest:     desc("queue_oldest_seconds", "How long the one that waits longest has waited."),
	}
}

// Describe implements prometheus.Collector.
func (s *services) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.desired, s.state, s.ready, s.converged, s.suspended, s.stalled,
		s.replicasDesired, s.replicasRunning, s.replicasReady, s.exitCode, s.backoff, s.nextAttempt,
		s.orphans, s.generation, s.queueDepth, s.queueOldest, s.drift.desc, s.restarts.desc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s *services) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	o := s.opt.Overview()
	for _, n := range o.Services {
		s.service(n, gauge)
	}
	s.drift.collect(o.Services, to)
	s.restarts.collect(o.Services, to)
	gauge(s.orphans, float64(len(o.Orphans)), o.Project)
	gauge(s.generation, float64(o.Generation))
	depth, oldest := s.opt.Queue()
	gauge(s.queueDepth, float64(depth))
	gauge(s.queueOldest, oldest.Seconds())
}

func (s *services) service(n reconcile.Service, gauge func(*prometheus.Desc, float64, ...string)) {
	of := func(d *prometheus.Desc, value float64, more ...string) {
		gauge(d, value, append([]string{n.Project, n.Name}, more...)...)
	}
	for _, state := range desired.States() {
		of(s.desired, truth(n.Desired == string(state)), string(state))
	}
	for _, state := range plan.Statuses() {
		of(s.state, truth(n.Status == state), string(state))
	}
	of(s.ready, truth(n.Ready))
	of(s.converged, truth(n.Converged))
	of(s.suspended, truth(n.Suspended != nil))
	reason := n.StalledReason()
	of(s.stalled, truth(reason != ""), string(reason))
	of(s.replicasDesired, float64(n.Replicas.Desired))
	of(s.replicasRunning, float64(n.Replicas.Running))
	of(s.replicasReady, float64(n.Replicas.Ready))
	of(s.exitCode, exitCode(n))
	next, wait := 0.0, 0.0
	if at := n.Backoff.NextAttempt; at != nil {
		next = seconds(*at)
		wait = math.Max(0, at.Sub(n.DecidedAt).Seconds())
	}
	of(s.nextAttempt, next)
	of(s.backoff, wait)
}

func exitCode(n reconcile.Service) float64 {
	if n.LastExit == nil {
		return math.NaN()
	}
	return float64(*n.LastExit)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
