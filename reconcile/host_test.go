package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/reconcile/plan"
)

func target(project, service string, number int) engine.Target {
	return engine.Target{Key: desired.Key{Project: project, Service: service}, Number: number}
}

// TestACallIsKnownByItsReplicaAndByItsContainer: by the first before there is a
// container, by the second whoever owns that by then.
func TestACallIsKnownByItsReplicaAndByItsContainer(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		begun  plan.Action
		target engine.Target
		id     string
		want   engine.Verb
	}{
		"the replica":                      {plan.Action{Verb: "start", Target: target("p", "web", 1), ID: "c1"}, target("p", "web", 1), "c1", "start"},
		"its container is another by now":  {plan.Action{Verb: "stop", Target: target("p", "web", 1), ID: "c1"}, target("p", "web", 1), "c2", "stop"},
		"it has no container yet":          {plan.Action{Verb: "start", Target: target("p", "web", 1)}, target("p", "web", 1), "", "start"},
		"another service has it by now":    {plan.Action{Verb: "stop", Target: target("p", "web", 1), ID: "c1"}, target("p", "db", 1), "c1", "stop"},
		"another project has it, too":      {plan.Action{Verb: "stop", Target: target("p", "web", 1), ID: "c1"}, target("q", "web", 1), "c1", "stop"},
		"another replica":                  {plan.Action{Verb: "stop", Target: target("p", "web", 1), ID: "c1"}, target("p", "web", 2), "c2", ""},
		"another one without a container":  {plan.Action{Verb: "start", Target: target("p", "web", 1)}, target("p", "web", 2), "", ""},
		"the same name in another project": {plan.Action{Verb: "stop", Target: target("p", "web", 1), ID: "c1"}, target("q", "web", 1), "c2", ""},
	} {
		h := NewHost()
		f := h.begin(c.begun, now)
		if verb, busy := h.underWay(c.target, c.id); verb != c.want || busy != (c.want != "") {
			t.Errorf("%s: %q %t, want %q", name, verb, busy, c.want)
		}
		told := h.end(f, now)
		var want []desired.Key
		if want = append(want, c.begun.Target.Key); c.want != "" && c.target.Key != c.begun.Target.Key {
			want = append(want, c.target.Key)
		}
		if !slices.Equal(told, want) {
			t.Errorf("%s: its end is told to %v, want %v", name, told, want)
		}
		if verb, busy := h.underWay(c.target, c.id); busy || len(h.names()) > 0 {
			t.Errorf("%s: after its end: %q, %q", name, verb, h.names())
		}
	}
}

// TestASecondCallToAContainerIsNotBegun, whoever has decided on it meanwhile, and
// its end is told to who has.
func TestASecondCallToAContainerIsNotBegun(t *testing.T) {
	h, now := NewHost(), time.Now()
	first := h.begin(plan.Action{Verb: engine.VerbStop, Target: target("p", "web", 1), ID: "c1"}, now)
	for _, again := range []plan.Action{
		{Verb: engine.VerbStart, Target: target("q", "web", 1), ID: "c1", Crash: true},
		{Verb: engine.VerbStart, Target: target("p", "web", 1), ID: "c2", Crash: true},
	} {
		if f := h.begin(again, now); f != nil {
			t.Errorf("begun: %s of %s", again, again.Target)
		}
	}
	if left := h.left(target("q", "web", 1).Key, now); left.Free != budgetSize {
		t.Errorf("what wasn't begun has used up the budget: %d are left", left.Free)
	}
	want := []desired.Key{target("p", "web", 1).Key, target("q", "web", 1).Key}
	if told := h.end(first, now); !slices.Equal(told, want) {
		t.Errorf("its end is told to %v", told)
	}
}

// TestProjectsShareTheHostsBudget: what crashes in one leaves less for another.
func TestProjectsShareTheHostsBudget(t *testing.T) {
	h, now := NewHost(), time.Now()
	web, other := target("p", "web", 1), desired.Key{Project: "q", Service: "web"}
	for n := range budgetSize {
		h.begin(plan.Action{Verb: engine.VerbStart, Target: engine.Target{Key: web.Key, Number: n + 1}, Crash: true}, now)
	}
	if left := h.left(other, now); left.Free != 0 {
		t.Errorf("%d are left", left.Free)
	}
}

// TestAServiceThatMovesToAnotherKeyIsNotCalledTwice: `container:` gives what is
// being stopped to another service, which wants it running.
func TestAServiceThatMovesToAnotherKeyIsNotCalledTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		e.Create(ours("web", sim.Spec{State: engine.StateRunning}))
		l, k := live(t, e, "version: 1\nproject: p\nservices: {web: running}\n")
		e.Calls()
		e.Hang("p-web-1")
		k.write(t, "version: 1\nproject: p\nservices: {web: stopped}\n")
		l.Wake()
		synctest.Wait()
		k.write(t, "version: 1\nproject: p\nservices: {other: {state: running, container: p-web-1}}\n")
		l.Wake()
		synctest.Wait()
		if s := l.service(t, "other"); !strings.Contains(s.Message, "stop of p-web-1 is under way") || e.Calls()["start"] > 0 {
			t.Errorf("%s: %s", s.Status, s.Message)
		}
		e.Release("p-web-1")
		waitFor(t, time.Minute, func() bool { s := l.service(t, "other"); return s.Converged })
	})
}

// TestANewOwnerHearsWhenTheCallToItsContainerIsGivenUp: the stop waits in the lane
// behind others when the file gives the container to another service, so it is
// never made, and no event tells of that.
func TestANewOwnerHearsWhenTheCallToItsContainerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		e.Create(ours("web", sim.Spec{State: engine.StateRunning}))
		running := "version: 1\nproject: p\nservices:\n"
		for n := range maxStops {
			e.Create(ours(fmt.Sprintf("s%d", n), sim.Spec{State: engine.StateRunning}))
			running += fmt.Sprintf("  s%d: running\n", n)
		}
		l, k := live(t, e, running+"  web: running\n")
		for n := range maxStops {
			e.Hang(fmt.Sprintf("p-s%d-1", n))
		}
		stopped := strings.ReplaceAll(running, "running", "stopped")
		k.write(t, stopped+"  web: running\n")
		l.Wake()
		synctest.Wait()
		k.write(t, stopped+"  web: stopped\n")
		l.Wake()
		synctest.Wait()
		k.write(t, stopped+"  other: {state: running, container: p-web-1}\n")
		l.Wake()
		synctest.Wait()
		for n := range maxStops {
			e.Release(fmt.Sprintf("p-s%d-1", n))
		}
		synctest.Wait()
		if s := l.service(t, "other"); !s.Converged || e.Calls()["stop"] != maxStops {
			t.Errorf("%s: %s", s.Status, s.Message)
		}
	})
}
