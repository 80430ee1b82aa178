package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"reconciler/engine"
	"reconciler/reconcile"
	"reconciler/reconcile/plan"
)

// told is metrics with what they tell of.
type told struct {
	*Metrics
	of Source
}

// world is an overview that a test changes between scrapes. It is a Source.
type world struct {
	mu   sync.Mutex
	over reconcile.Known
}

func (w *world) Known() reconcile.Known {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.over
}

func (w *world) Queue() (depth int, oldest time.Duration) { return 3, 2 * time.Second }

func (w *world) set(services ...reconcile.Tracked) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = reconcile.Known{Project: "shop", Generation: 7, Services: services, Orphans: []reconcile.Orphan{{Name: "shop-old-1"}}}
}

func service(name string) reconcile.Tracked {
	return reconcile.Tracked{Service: reconcile.Service{Project: "shop", Name: name, Desired: "running", Status: plan.StatusRunning}}
}

func newTest(services ...reconcile.Tracked) (told, *world) {
	w := &world{}
	w.set(services...)
	return told{New(Options{Version: "v1", LogDropped: func() int64 { return 5 }}), w}, w
}

// gather returns what is told now, by name.
func gather(t *testing.T, m told) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := m.gatherers(m.of).Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]*dto.MetricFamily, len(families))
	for _, f := range families {
		byName[f.GetName()] = f
	}
	return byName
}

// series counts them, histograms as one.
func series(t *testing.T, m told) int {
	t.Helper()
	n := 0
	for _, f := range gather(t, m) {
		n += len(f.Metric)
	}
	return n
}

// value returns that of reconciler_<name> with the labels, written as
// "service=web state=running".
func value(t *testing.T, m told, name, labels string) float64 {
	t.Helper()
	f := gather(t, m)[prefix+name]
	for _, s := range f.GetMetric() {
		var pairs []string
		for _, l := range s.Label {
			pairs = append(pairs, l.GetName()+"="+l.GetValue())
		}
		if strings.Join(pairs, " ") != labels {
			continue
		}
		if h := s.GetHistogram(); h != nil {
			return float64(h.GetSampleCount())
		}
		return s.GetCounter().GetValue() + s.GetGauge().GetValue()
	}
	t.Fatalf("no series %s{%s}", name, labels)
	return 0
}

func TestEachEventIsCounted(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	for _, c := range []struct {
		event  reconcile.Event
		name   string
		labels string
		want   float64
	}{
		{reconcile.Event{Kind: reconcile.KindStateAccepted, Time: at}, "state_reload_total", "outcome=accepted", 1},
		{reconcile.Event{Kind: reconcile.KindStateAccepted, Time: at}, "state_last_reload_successful", "", 1},
		{reconcile.Event{Kind: reconcile.KindStateAccepted, Time: at}, "state_last_reload_success_timestamp_seconds", "", 1_700_000_000},
		{reconcile.Event{Kind: reconcile.KindStateRejected, Time: at}, "state_reload_total", "outcome=rejected", 1},
		{reconcile.Event{Kind: reconcile.KindStateRejected, Time: at}, "state_last_reload_successful", "", 0},
		{reconcile.Event{Kind: reconcile.KindStateMended, Time: at}, "state_last_reload_successful", "", 1},
		{reconcile.Event{Kind: reconcile.KindStateMended, Time: at}, "state_reload_total", "outcome=accepted", 0},
		{reconcile.Event{Kind: reconcile.KindStateMended, Time: at}, "state_last_reload_success_timestamp_seconds", "", 0},
		{reconcile.Event{Kind: reconcile.KindEngineConnected}, "engine_up", "", 1},
		{reconcile.Event{Kind: reconcile.KindEngineConnected}, "engine_event_stream_connected", "", 1},
		{reconcile.Event{Kind: reconcile.KindEngineLost}, "engine_up", "", 0},
		{reconcile.Event{Kind: reconcile.KindEngineLost}, "engine_event_stream_connected", "", 0},
		{reconcile.Event{Kind: reconcile.KindResynced, Time: at}, "last_resync_timestamp_seconds", "", 1_700_000_000},
		{
			reconcile.Event{Kind: reconcile.KindDrift, Project: "shop", Service: "web", Cause: plan.CauseExited},
			"drift_total", "cause=exited project=shop service=web", 1,
		},
		{
			reconcile.Event{Kind: reconcile.KindAction, Verb: engine.VerbStart, Outcome: reconcile.OutcomeError},
			"actions_total", "outcome=error verb=start", 1,
		},
		{
			reconcile.Event{Kind: reconcile.KindAction, Project: "shop", Service: "web", Verb: engine.VerbStart, Cause: plan.CauseExited, Outcome: reconcile.OutcomeOK},
			"service_restarts_total", "project=shop reason=exited service=web", 1,
		},
		{
			reconcile.Event{Kind: reconcile.KindAction, Project: "shop", Service: "web", Verb: engine.VerbStart, Cause: plan.CauseExited, Outcome: reconcile.OutcomeError},
			"service_restarts_total", "project=shop reason=exited service=web", 0,
		},
		{
			reconcile.Event{Kind: reconcile.KindAction, Project: "shop", Service: "web", Verb: engine.VerbRestart, Cause: plan.CauseRequested, Outcome: reconcile.OutcomeOK},
			"service_restarts_total", "project=shop reason=requested service=web", 1,
		},
		{
			reconcile.Event{Kind: reconcile.KindConverged, Trigger: reconcile.TriggerHTTP, Took: time.Second},
			"convergence_seconds", "trigger=http", 1,
		},
		{reconcile.Event{Kind: reconcile.KindDecided, Outcome: reconcile.OutcomeOK}, "reconcile_total", "outcome=ok", 1},
		{reconcile.Event{Kind: reconcile.KindDecided, Outcome: reconcile.OutcomeOK}, "reconcile_seconds", "", 1},
	} {
		t.Run(c.name+" "+c.labels, func(t *testing.T) {
			m, _ := newTest(service("web"))
			for _, g := range []prometheus.Gauge{m.engineUp, m.streamUp, m.reloadOK} {
				g.Set(1 - c.want) // the opposite of what the event must make of it
			}
			m.Record(c.event)
			if got := value(t, m, c.name, c.labels); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestAServiceIsToldAsItIs(t *testing.T) {
	decided := time.Unix(1_700_000_000, 0)
	next, code := decided.Add(10*time.Second), 137
	s := service("web")
	s.Status, s.Ready, s.Suspended, s.DecidedAt = plan.StatusBackingOff, true, &reconcile.Suspension{}, decided
	s.Replicas = reconcile.Replicas{Desired: 3, Running: 2, Ready: 1}
	s.Containers, s.LastExit = []reconcile.Container{{}}, &code // it runs again
	s.Backoff.NextAttempt = &next
	s.Conditions = []reconcile.Condition{{Type: reconcile.Stalled, Status: "True", Reason: string(plan.ReasonStuck)}}
	m, _ := newTest(s)
	for _, c := range []struct {
		name, more string
		want       float64
	}{
		{"service_desired", " state=running", 1},
		{"service_desired", " state=stopped", 0},
		{"service_state", " state=backing_off", 1},
		{"service_state", " state=running", 0},
		{"service_ready", "", 1},
		{"service_converged", "", 0},
		{"service_suspended", "", 1},
		{"service_replicas_desired", "", 3},
		{"service_replicas_running", "", 2},
		{"service_replicas_ready", "", 1},
		{"service_last_exit_code", "", 137},
		{"service_backoff_seconds", "", 10},
		{"service_next_attempt_timestamp_seconds", "", 1_700_000_010},
	} {
		if got := value(t, m, c.name, "project=shop service=web"+c.more); got != c.want {
			t.Errorf("%s{%s} is %v, want %v", c.name, c.more, got, c.want)
		}
	}
	if got := value(t, m, "service_stalled", "project=shop reason=Stuck service=web"); got != 1 {
		t.Errorf("service_stalled is %v, want 1", got)
	}
	for name, want := range map[string]float64{
		"orphan_containers": 1, "state_generation": 7, "queue_depth": 3, "queue_oldest_seconds": 2,
		"log_dropped_total": 5,
	} {
		labels := ""
		if name == "orphan_containers" {
			labels = "project=shop"
		}
		if got := value(t, m, name, labels); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func TestAServiceWithoutAContainerHasAllItsSeries(t *testing.T) {
	m, _ := newTest(service("web"))
	for _, name := range []string{"service_ready", "service_converged", "service_replicas_running", "service_backoff_seconds"} {
		if got := value(t, m, name, "project=shop service=web"); got != 0 {
			t.Errorf("%s is %v, want 0", name, got)
		}
	}
	if got := value(t, m, "service_last_exit_code", "project=shop service=web"); !math.IsNaN(got) {
		t.Errorf("service_last_exit_code is %v, want NaN", got)
	}
	if got := value(t, m, "service_stalled", "project=shop reason= service=web"); got != 0 {
		t.Errorf("service_stalled is %v, want 0", got)
	}
	for _, cause := range driftCauses() {
		if got := value(t, m, "drift_total", "cause="+cause+" project=shop service=web"); got != 0 {
			t.Errorf("drift_total{cause=%q} is %v, want 0", cause, got)
		}
	}
}

func TestARemovedServicesSeriesGo(t *testing.T) {
	m, w := newTest(service("web"), service("db"))
	drift := reconcile.Event{Kind: reconcile.KindDrift, Project: "shop", Service: "web", Cause: plan.CauseExited}
	m.Record(drift)
	if !strings.Contains(scrape(m), `service="web"`) {
		t.Fatal("web has no series while it is listed")
	}
	w.set(service("db"))
	m.Record(drift) // of a decision that was under way
	if got := scrape(m); strings.Contains(got, `service="web"`) {
		t.Errorf("web is no longer listed and still told of:\n%s", got)
	}
	w.set(service("db"), service("web"))
	if got := value(t, m, "drift_total", "cause=exited project=shop service=web"); got != 0 {
		t.Errorf("drift_total of a service listed anew begins at %v, want 0", got)
	}
}

func TestNothingFromOutsideMakesSeries(t *testing.T) {
	m, _ := newTest(service("web"))
	random := rand.New(rand.NewPCG(1, 2))
	tell := func(word string) {
		e := reconcile.Event{
			Project: word, Service: word, Verb: engine.Verb(word), Cause: plan.Cause(word),
			Outcome: reconcile.Outcome(word), Trigger: reconcile.Trigger(word), Reason: plan.Reason(word),
		}
		for _, e.Kind = range []reconcile.Kind{reconcile.KindDrift, reconcile.KindAction, reconcile.KindConverged, reconcile.KindDecided, reconcile.Kind(word)} {
			m.Record(e)
		}
		m.ObserveCall(word, word, time.Second)
		m.ObserveEvent(engine.Action(word))
		m.ObserveHTTP("/v1/state", "GET", 600+len(word), time.Second)
	}
	tell("first") // makes the series of "other"
	before := series(t, m)
	for range 10_000 {
		tell(fmt.Sprintf("x%d", random.Uint64()))
	}
	if after := series(t, m); after != before {
		t.Errorf("%d series became %d", before, after)
	}
	if got := value(t, m, "engine_events_total", "action=other"); got != 10_001 {
		t.Errorf("%v events counted as other, want all 10001", got)
	}
}

func TestTheSeriesOfClosedSetsAreThereFromTheStart(t *testing.T) {
	m, _ := newTest()
	families := gather(t, m)
	for name, want := range map[string]int{
		"actions_total":          len(engine.Verbs()) * len(reconcile.Outcomes()),
		"convergence_seconds":    len(reconcile.Triggers()),
		"reconcile_total":        len(reconcile.Outcomes()),
		"engine_request_seconds": len(calls()) * len(reconcile.Outcomes()),
		"engine_events_total":    len(engine.Actions()),
		"state_reload_total":     2,
	} {
		if got := len(families[prefix+name].GetMetric()); got != want {
			t.Errorf("%s has %d series, want %d", name, got, want)
		}
	}
}

func TestPrometheusFindsNothingToSay(t *testing.T) {
	m, _ := newTest(service("web"))
	m.ObserveHTTP("/v1/state", "GET", 200, time.Second)
	var ours []*dto.MetricFamily
	for name, f := range gather(t, m) {
		if strings.HasPrefix(name, prefix) {
			ours = append(ours, f)
		}
	}
	problems, err := promlint.NewWithMetricFamilies(ours).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestManyTellAndScrapeAtOnce(t *testing.T) {
	m, w := newTest(service("web"))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 200 {
				m.Record(reconcile.Event{Kind: reconcile.KindDrift, Project: "shop", Service: "web", Cause: plan.CauseExited})
				m.ObserveCall("list", "ok", time.Millisecond)
				m.ObserveHTTP("/metrics", "GET", 200, time.Millisecond)
				if n%50 == i {
					w.set(service("web"), service(fmt.Sprintf("s%d", n)))
					scrape(m)
				}
			}
		})
	}
	all.Wait()
	if got := value(t, m, "drift_total", "cause=exited project=shop service=web"); got != 1600 {
		t.Errorf("%v drifts counted, want 1600", got)
	}
	if got := value(t, m, "engine_request_seconds", "call=list outcome=ok"); got != 1600 {
		t.Errorf("%v calls counted, want 1600", got)
	}
}

// scrape returns what Prometheus is told.
func scrape(m told) string {
	answer := httptest.NewRecorder()
	m.Handler(m.of).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	return answer.Body.String()
}

// sectionSeven is the public list of names (docs/metrics.md), in its order.
func sectionSeven() []string {
	names := strings.Fields(`service_desired service_state service_ready service_converged service_suspended
		service_stalled service_replicas_desired service_replicas_running service_replicas_ready
		service_restarts_total service_last_exit_code service_backoff_seconds
		service_next_attempt_timestamp_seconds orphan_containers drift_total convergence_seconds actions_total
		reconcile_total reconcile_seconds queue_depth queue_oldest_seconds engine_up engine_request_seconds
		engine_events_total engine_event_stream_connected last_resync_timestamp_seconds state_reload_total
		state_last_reload_successful state_last_reload_success_timestamp_seconds state_generation
		http_requests_total http_request_seconds log_dropped_total build_info`)
	for i, n := range names {
		names[i] = prefix + n
	}
	return names
}

func TestThePublicNamesAreToldAndNoOthers(t *testing.T) {
	m, _ := newTest(service("web"))
	m.ObserveHTTP("/v1/state", "GET", 200, time.Second)
	var got []string
	for name := range gather(t, m) {
		if !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			got = append(got, name)
		}
	}
	want := sectionSeven()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("told:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
