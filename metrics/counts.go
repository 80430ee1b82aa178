package metrics

import (
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"reconciler/desired"
	"reconciler/reconcile"
)

// counts counts, for each service, by a cause of a closed set. Unlike a
// CounterVec it tells only of the services that are listed when it is asked,
// and of those each cause: so a service that nothing happened to has its
// series, and one that is no longer listed has none, whenever the last event
// of it came. The zero value is not usable.
type counts struct {
	desc   *prometheus.Desc
	causes []string

	mu sync.Mutex
	n  map[desired.Key]map[string]float64
}

func newCounts(name, help, label string, causes []string) *counts {
	return &counts{
		desc:   prometheus.NewDesc(prefix+name, help, []string{"project", "service", label}, nil),
		causes: causes,
		n:      make(map[desired.Key]map[string]float64),
	}
}

// add counts one. A cause outside the set is not counted.
func (c *counts) add(project, service, cause string) {
	if !slices.Contains(c.causes, cause) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := desired.Key{Project: project, Service: service}
	if c.n[key] == nil {
		c.n[key] = make(map[string]float64, len(c.causes))
	}
	c.n[key][cause]++
}

// collect tells of the listed services and forgets the others. Who is told may
// be slow.
func (c *counts) collect(listed []reconcile.Tracked, to chan<- prometheus.Metric) {
	for _, m := range c.keep(listed) {
		to <- m
	}
}

func (c *counts) keep(listed []reconcile.Tracked) []prometheus.Metric {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := make(map[desired.Key]map[string]float64, len(listed))
	all := make([]prometheus.Metric, 0, len(listed)*len(c.causes))
	for _, s := range listed {
		key := desired.Key{Project: s.Project, Service: s.Name}
		if n := c.n[key]; n != nil {
			kept[key] = n
		}
		for _, cause := range c.causes {
			all = append(all, prometheus.MustNewConstMetric(c.desc, prometheus.CounterValue, c.n[key][cause], s.Project, s.Name, cause))
		}
	}
	c.n = kept
	return all
}
