package reconcile

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/observed"
	"reconciler/reconcile/containers"
)

// live is a Loop and an Observer that run.
func live(t *testing.T, e *sim.Engine, state string) (*Loop, *kept) {
	t.Helper()
	return liveBy(t, time.Now, e, state)
}

// liveBy is live by that clock.
func liveBy(t *testing.T, clock func() time.Time, e *sim.Engine, state string) (*Loop, *kept) {
	t.Helper()
	k := &kept{}
	k.write(t, state)
	o := observed.New(observed.Options{Engine: e, Project: "p", Now: clock})
	drive := containers.New(containers.Options{Engine: e, World: o, Now: clock})
	r, err := New(Options{Driver: drive, Desired: k, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	loop := NewLoop(r, 2)
	o.Subscribe(loop.Wake)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{}, 2)
	go func() { _ = o.Run(ctx); ended <- struct{}{} }()
	go func() { _ = loop.Run(ctx); ended <- struct{}{} }()
	t.Cleanup(func() {
		cancel()
		<-ended
		<-ended
	})
	synctest.Wait()
	return loop, k
}

func TestTheLoopRepairsADriftAndEndsWithoutStoppingAnything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		e.Create(ours("web", sim.Spec{State: engine.StateRunning}))
		e.Create(ours("db", sim.Spec{}))
		l, _ := live(t, e, two)
		if !l.Alive() || len(l.Readiness()) > 0 {
			t.Errorf("alive %v, readiness %q", l.Alive(), l.Readiness())
		}
		e.Kill("p-web-1", 9)
		synctest.Wait()
		if got := e.String(); got != "p-db-1 created\np-web-1 running\n" {
			t.Errorf("after a kill:\n%s", got)
		}
		t.Cleanup(func() {
			if got := e.String(); got != "p-db-1 created\np-web-1 running\n" {
				t.Errorf("after the end:\n%s", got)
			}
		})
	})
}

func TestAStopInItsGraceHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		e.Create(ours("web", sim.Spec{State: engine.StateExited}))
		for _, s := range []string{"s1", "s2", "s3"} { // more than there are workers
			e.Create(ours(s, sim.Spec{State: engine.StateRunning}))
		}
		l, k := live(t, e, "version: 1\nproject: p\nservices: {s1: running, s2: running, s3: running, web: stopped}\n")
		for _, s := range []string{"s1", "s2", "s3"} {
			e.Hang("p-" + s + "-1")
		}
		k.write(t, "version: 1\nproject: p\nservices: {s1: stopped, s2: stopped, s3: stopped, web: running}\n")
		l.Wake()
		synctest.Wait()
		c, err := e.Inspect(t.Context(), "p-web-1")
		if err != nil || c.State != engine.StateRunning {
			t.Errorf("web waits for the stops of others: %s %v", c.State, err)
		}
		for _, c := range []string{"s1", "s2", "s3"} {
			e.Release("p-" + c + "-1")
		}
	})
}

func TestALostEngineMakesEverythingUnknownAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		e.Create(ours("web", sim.Spec{State: engine.StateRunning}))
		e.Create(ours("db", sim.Spec{}))
		l, _ := live(t, e, two)
		e.Down()
		synctest.Wait()
		o := l.Known()
		if s, _ := o.Service("web"); s.Status != "unknown" || s.Ready {
			t.Errorf("web is %s, ready %v, while the engine is away", s.Status, s.Ready)
		}
		if len(l.Readiness()) == 0 || !l.Alive() {
			t.Errorf("readiness %q, alive %v", l.Readiness(), l.Alive())
		}
		e.Up()
		waitFor(t, time.Minute, func() bool { o := l.Known(); s, _ := o.Service("web"); return s.Converged })
		if got := e.String(); got != "p-db-1 created\np-web-1 running\n" {
			t.Errorf("after its return:\n%s", got)
		}
	})
}

// While nobody can look, what was known of the services still counts for an
// edit, and what should run still should.
func TestALostEngineLeavesWhatIsWantedAndDependedOnKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		e.Create(after("web", "db:service_started:false", sim.Spec{State: engine.StateRunning}))
		e.Create(ours("web", sim.Spec{Name: "p-web-2", State: engine.StateRunning}))
		e.Create(ours("db", sim.Spec{State: engine.StateRunning}))
		l, k := live(t, e, "version: 1\nproject: p\nservices:\n  web: running\n  db: running\n")
		e.Down()
		synctest.Wait()
		for range 2 { // at once, and once it was said again
			if n := l.service(t, "web"); n.Status != "unknown" || n.Replicas != (Replicas{Desired: 2}) || !slices.Equal(n.DependsOn, []string{"db"}) || n.Unseen {
				t.Errorf("web: %+v", n)
			}
			k.write(t, "version: 1\nproject: p\nservices:\n  web: running\n  db: stopped\n  new: {state: running, replicas: 3}\n")
			l.Wake()
			synctest.Wait()
		}
		if n := l.service(t, "db"); n.Replicas.Desired != 0 {
			t.Errorf("db is wanted stopped: %+v", n.Replicas)
		}
		if n := l.service(t, "new"); n.Replicas.Desired != 3 || !n.Unseen {
			t.Errorf("new: %+v", n)
		}
	})
}

func TestBeforeTheFirstListNothingIsKnownButTheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := sim.New(sim.Options{})
		e.Create(after("web", "db:service_started:false", sim.Spec{State: engine.StateRunning}))
		e.Down()
		l, _ := live(t, e, "version: 1\nproject: p\nservices: {web: running, db: stopped, job: completed}\n")
		for name, want := range map[string]int{"web": 1, "db": 0, "job": 1} {
			if n := l.service(t, name); !n.Unseen || n.Replicas.Desired != want || n.Status != "unknown" {
				t.Errorf("%s: %+v", name, n)
			}
		}
		e.Up()
		waitFor(t, time.Minute, func() bool { return !l.service(t, "web").Unseen })
		if n := l.service(t, "web"); !slices.Equal(n.DependsOn, []string{"db"}) {
			t.Errorf("web depends on %v", n.DependsOn)
		}
	})
}

// waitFor lets the bubble's clock run until ok.
func waitFor(t *testing.T, limit time.Duration, ok func() bool) {
	t.Helper()
	for range int(limit / (100 * time.Millisecond)) {
		<-time.After(100 * time.Millisecond)
		if synctest.Wait(); ok() {
			return
		}
	}
	t.Fatal("it never came")
}

func TestAnUnansweredCallIsNotHammered(t *testing.T) {
	for call, state := range map[string]engine.State{"start": engine.StateExited, "stop": engine.StateRunning, "restart": engine.StateRunning} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := sim.New(sim.Options{})
				for range 10 {
					e.FailNext(call, engine.ErrUnavailable)
				}
				e.Create(ours("web", sim.Spec{State: state}))
				e.Create(ours("db", sim.Spec{}))
				l, k := live(t, e, two)
				switch call {
				case "stop":
					k.write(t, strings.Replace(two, "web: running", "web: stopped", 1))
					l.Wake()
				case "restart":
					if _, err := l.Restart(desired.Key{Project: "p", Service: "web"}, "cli:ann", ""); err != nil {
						t.Fatal(err)
					}
				}
				<-time.After(5 * time.Second)
				if n := e.Calls()[call]; n < 3 || n > 8 {
					t.Errorf("%d calls in 5 s of failing", n)
				}
			})
		})
	}
}

func TestQueueKeepsItsGuarantees(t *testing.T) {
	q := newQueue[string]()
	q.add("a")
	q.add("b")
	q.add("a")
	var got []string
	key, _ := q.take()
	got = append(got, key)
	q.add("a") // while it is worked on
	q.add("a")
	if n, _ := q.depth(); n != 1 {
		t.Errorf("depth %d while a is worked on and added again; want only b", n)
	}
	q.done("a")
	for range 2 {
		key, _ := q.take()
		got = append(got, key)
		q.done(key)
	}
	if want := []string{"a", "b", "a"}; !slices.Equal(got, want) {
		t.Errorf("took %q, want %q", got, want)
	}
	if n, _ := q.depth(); n != 0 {
		t.Errorf("%d left", n)
	}
	q.close()
	if _, ok := q.take(); ok {
		t.Error("a closed queue gave something")
	}
}

func TestQueueAddsLaterAndOnlyAsLastAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue[string]()
		q.after("a", time.Hour)
		q.after("a", time.Minute)
		<-time.After(time.Minute + time.Second)
		synctest.Wait()
		if n, _ := q.depth(); n != 1 {
			t.Errorf("depth %d after a minute", n)
		}
		q.after("b", time.Minute)
		q.after("b", -1)
		<-time.After(2 * time.Hour)
		synctest.Wait()
		if n, _ := q.depth(); n != 1 {
			t.Errorf("depth %d: something came that was taken back", n)
		}
	})
}
