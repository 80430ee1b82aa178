package reconcile

import (
	"strings"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/sim"
)

const three = "version: 1\nproject: p\nservices:\n  web: running\n  api: running\n  db: running\n"

// after is a container that depends on others, as Compose's label says it.
func after(service, label string, s sim.Spec) sim.Spec {
	s = ours(service, s)
	s.Labels[engine.LabelDependsOn] = label
	return s
}

// order is which containers were started or stopped, in order.
func (w *world) order(verb string) string {
	var names []string
	for _, e := range w.events {
		if e.Kind == KindAction && string(e.Verb) == verb {
			names = append(names, e.Container)
		}
	}
	return strings.Join(names, " ")
}

func chain() []sim.Spec {
	return []sim.Spec{
		after("web", "api:service_started:false", sim.Spec{State: engine.StateExited}),
		after("api", "db:service_healthy:true", sim.Spec{State: engine.StateExited}),
		ours("db", sim.Spec{State: engine.StateExited, Health: engine.HealthStarting}),
	}
}

func TestStartsWaitForWhatTheyDependOnAndWakeByThemselves(t *testing.T) {
	w := newWorld(t, three, chain()...)
	w.expect("p-api-1 exited(0)\np-db-1 running starting\np-web-1 exited(0)")
	o := w.r.Known()
	if api, _ := o.Service("api"); api.Status != "waiting" || len(api.DependsOn) != 1 || api.DependsOn[0] != "db" {
		t.Errorf("api: %+v", api)
	}
	w.engine.SetHealth("p-db-1", engine.HealthHealthy)
	w.settle()
	if got := w.order("start"); got != "p-db-1 p-api-1 p-web-1" {
		t.Errorf("started: %s", got)
	}
	w.desired.write(t, strings.ReplaceAll(three, "running", "stopped"))
	w.settle()
	if got := w.order("stop"); got != "p-web-1 p-api-1 p-db-1" {
		t.Errorf("stopped: %s", got)
	}
}

func TestARestartIsFollowedByThoseThatAskForIt(t *testing.T) {
	w := newWorld(t, three,
		after("web", "api:service_started:false", sim.Spec{State: engine.StateRunning}),
		after("api", "db:service_healthy:true", sim.Spec{State: engine.StateRunning}),
		ours("db", sim.Spec{State: engine.StateRunning, Health: engine.HealthHealthy}))
	if _, err := w.r.Restart(w.key("db"), "cli:ann", ""); err != nil {
		t.Fatal(err)
	}
	w.settle("db")
	if got := w.order("restart"); got != "p-db-1 p-api-1" {
		t.Errorf("restarted: %s", got)
	}
}

// TestWhoIsSuspendedMeanwhileFollowsNoRestart: the newest file counts, not the one
// by which was looked last.
func TestWhoIsSuspendedMeanwhileFollowsNoRestart(t *testing.T) {
	w := newWorld(t, three,
		after("api", "db:service_healthy:true", sim.Spec{State: engine.StateRunning}),
		ours("db", sim.Spec{State: engine.StateRunning, Health: engine.HealthHealthy}))
	if _, err := w.r.Restart(w.key("db"), "cli:ann", ""); err != nil {
		t.Fatal(err)
	}
	calls, _ := w.r.Decide(w.key("db"))
	held := strings.Replace(three, "api: running", "api: {state: running, suspend: {reason: hands off}}", 1)
	w.desired.write(t, held)
	w.r.Carry(t.Context(), calls[0])
	w.desired.write(t, three)
	w.settle("api")
	if got := w.order("restart"); got != "p-db-1" {
		t.Errorf("restarted: %s", got)
	}
}

// TestARestartThatGoesRoundEnds: two that ask to follow each other don't.
func TestARestartThatGoesRoundEnds(t *testing.T) {
	w := newWorld(t, two,
		after("web", "db:service_started:true", sim.Spec{State: engine.StateRunning}),
		after("db", "web:service_started:true", sim.Spec{State: engine.StateExited}))
	if _, err := w.r.Restart(w.key("web"), "cli:ann", ""); err != nil {
		t.Fatal(err)
	}
	w.settle("web")
	if got := w.order("restart"); got != "p-web-1" {
		t.Errorf("restarted: %s", got)
	}
}

func TestAChildOfANamespaceWorksAgainAfterItsParentWasKilled(t *testing.T) {
	w := newWorld(t, two) // to learn the parent's ID
	vpn := w.engine.Create(ours("vpn", sim.Spec{State: engine.StateRunning}))
	w.engine.Create(ours("app", sim.Spec{State: engine.StateRunning, Shares: []string{vpn}}))
	w.desired.write(t, "version: 1\nproject: p\nservices:\n  vpn: running\n  app: running\n")
	w.begin()
	w.pass(time.Minute)
	w.engine.Kill("p-vpn-1", 9)
	w.settle()
	w.pass(9 * time.Second)
	if got := w.order("restart"); got != "" {
		t.Errorf("restarted already: %s", got)
	}
	w.pass(10 * time.Minute)
	if got := w.order("start") + ", " + w.order("restart"); got != "p-vpn-1, p-app-1" {
		t.Errorf("started and restarted: %s; want the parent, then once the child", got)
	}
}
