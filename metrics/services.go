package metrics

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"

	"reconciler/desired"
	"reconciler/reconcile"
	"reconciler/reconcile/plan"
)

// family tells of all services under one name. Each is gathered and written by
// itself: all of them at once would be tens of megabytes for 1,000 services. It
// implements prometheus.Collector.
type family struct {
	desc *prometheus.Desc
	tell func(to chan<- prometheus.Metric)
}

// Describe implements prometheus.Collector.
func (f family) Describe(to chan<- *prometheus.Desc) { to <- f.desc }

// Collect implements prometheus.Collector.
func (f family) Collect(to chan<- prometheus.Metric) { f.tell(to) }

// services tells of each service, and of all of them together, as they are now.
func (m *Metrics) services(of Source) []family {
	o := of.Known()
	depth, oldest := of.Queue()
	counted := func(c *counts) family {
		return family{c.desc, func(to chan<- prometheus.Metric) { c.collect(o.Services, to) }}
	}
	return []family{
		among("service_desired", "1 for the state that the file asks for.", "state", o, desired.States(),
			func(n reconcile.Tracked) desired.State { return desired.State(n.Desired) }),
		among("service_state", "1 for the status that the service has.", "state", o, plan.Statuses(),
			func(n reconcile.Tracked) plan.Status { return n.Status }),
		each("service_ready", "1 while the service is of use.", o, func(n reconcile.Tracked) float64 { return truth(n.Ready) }),
		each("service_converged", "1 while the service is as the file says.", o, func(n reconcile.Tracked) float64 { return truth(n.Converged) }),
		each("service_suspended", "1 while nothing is done to the service.", o, func(n reconcile.Tracked) float64 { return truth(n.Suspended != nil) }),
		stalled(o),
		each("service_replicas_desired", "Containers that should run.", o, func(n reconcile.Tracked) float64 { return float64(n.Replicas.Desired) }),
		each("service_replicas_running", "Containers that run.", o, func(n reconcile.Tracked) float64 { return float64(n.Replicas.Running) }),
		each("service_replicas_ready", "Containers that run and aren't known to be unhealthy.", o,
			func(n reconcile.Tracked) float64 { return float64(n.Replicas.Ready) }),
		each("service_last_exit_code", "Exit code of the newest exit that was seen of its containers, also once they run again; NaN while none was.", o, exitCode),
		each("service_backoff_seconds", "Seconds until the next attempt, as decided last; 0: none is awaited.", o, backoff),
		each("service_next_attempt_timestamp_seconds", "When the next attempt is made; 0: none is awaited.", o, nextAttempt),
		counted(m.drift), counted(m.restarts),
		one("orphan_containers", "Containers of the project that belong to no listed service.", float64(len(o.Orphans)), "project", o.Project),
		one("state_generation", "Generation of the document in force.", float64(o.Generation)),
		one("queue_depth", "Services that wait to be decided about.", float64(depth)),
		one("queue_oldest_seconds", "How long the one that waits longest has waited.", oldest.Seconds()),
	}
}

// describe describes a family; labels come after project and service.
func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, append([]string{"project", "service"}, labels...), nil)
}

// each has one value of each service.
func each(name, help string, o reconcile.Known, value func(reconcile.Tracked) float64) family {
	desc := describe(name, help)
	return family{desc, func(to chan<- prometheus.Metric) {
		for _, n := range o.Services {
			to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value(n), n.Project, n.Name)
		}
	}}
}

// among has, for each service, 1 for the value of the set that it is, and 0 for
// the others.
func among[T ~string](name, help, label string, o reconcile.Known, set []T, is func(reconcile.Tracked) T) family {
	desc := describe(name, help, label)
	return family{desc, func(to chan<- prometheus.Metric) {
		for _, n := range o.Services {
			for _, value := range set {
				to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, truth(is(n) == value), n.Project, n.Name, string(value))
			}
		}
	}}
}

func stalled(o reconcile.Known) family {
	desc := describe("service_stalled", "1 with the reason for which nothing more will happen by itself; 0 and no reason otherwise.", "reason")
	return family{desc, func(to chan<- prometheus.Metric) {
		for _, n := range o.Services {
			reason := n.StalledReason()
			to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, truth(reason != ""), n.Project, n.Name, string(reason))
		}
	}}
}

// one has one value, of a label if one is given, by name and value.
func one(name, help string, value float64, label ...string) family {
	desc := prometheus.NewDesc(prefix+name, help, label[:len(label)/2], nil)
	return family{desc, func(to chan<- prometheus.Metric) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, label[len(label)/2:]...)
	}}
}

func nextAttempt(n reconcile.Tracked) float64 {
	if n.Backoff.NextAttempt == nil {
		return 0
	}
	return seconds(*n.Backoff.NextAttempt)
}

func backoff(n reconcile.Tracked) float64 {
	if n.Backoff.NextAttempt == nil {
		return 0
	}
	return math.Max(0, n.Backoff.NextAttempt.Sub(n.DecidedAt).Seconds())
}

func exitCode(n reconcile.Tracked) float64 {
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
