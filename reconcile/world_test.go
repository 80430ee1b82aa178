package reconcile

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/engine/docker/hands"
	"reconciler/engine/sim"
	"reconciler/observed"
	"reconciler/reconcile/containers"
	"reconciler/reconcile/plan"
)

// world is a whole host on one goroutine and a clock that is moved by hand:
// the simulated engine, the observer without its Run, and the reconciler
// without its Loop. Nothing is resynced: what an event doesn't tell is not
// seen.
type world struct {
	t        *testing.T
	now      time.Time
	engine   *sim.Engine
	observer *observed.Observer
	driver   *containers.Driver
	r        *Reconciler
	desired  *kept
	events   []Event
	self     engine.Self
	due      map[desired.Key]time.Time
	untap    func() // ends the events
}

// Record implements Recorder. A recorder may block, as a log does that nobody
// reads; then whoever asks whether the program lives must not wait for it.
func (w *world) Record(e Event) {
	if w.r != nil && !w.r.mu.TryLock() {
		w.t.Errorf("%s is told while the lock is held", e.Kind)
	} else if w.r != nil {
		w.r.mu.Unlock()
	}
	w.events = append(w.events, e)
}

func newWorld(t *testing.T, state string, specs ...sim.Spec) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC), desired: &kept{}, due: map[desired.Key]time.Time{}}
	w.engine = sim.New(sim.Options{Now: func() time.Time { return w.now.Round(0) }, Hands: hands.Docker()}) // an engine tells the wall clock
	w.desired.write(t, state)
	for _, s := range specs {
		w.engine.Create(s)
	}
	w.begin()
	return w
}

// begin starts the program, again or for the first time, on the same host.
func (w *world) begin() {
	w.t.Helper()
	clock := func() time.Time { return w.now }
	doc := w.desired.snap.Document
	w.observer = observed.New(observed.Options{
		Engine: w.engine, Project: doc.Project, Now: clock,
		Names: func() map[string]bool { return containers.Names(w.desired.snap.Document) }, Self: w.self,
	})
	w.untap = w.engine.Tap(w.observer.Note)
	if _, err := w.observer.Once(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.driver = w.drive()
	r, err := New(Options{Driver: w.driver, Desired: w.desired, Recorder: w, Now: clock})
	if err != nil {
		w.t.Fatal(err)
	}
	w.r, w.due = r, map[desired.Key]time.Time{}
	w.settle()
}

// drive returns a driver of the world as it is.
func (w *world) drive() *containers.Driver {
	return containers.New(containers.Options{Engine: w.engine, World: w.observer, Now: func() time.Time { return w.now }, Self: w.self})
}

// is makes that what the program runs in, while it runs; calls that were decided
// on find it so, too.
func (w *world) is(self engine.Self) {
	w.self = self
	*w.driver = *w.drive()
	w.r.look = nil
}

// key names a service of the project.
func (w *world) key(service string) desired.Key { return w.desired.snap.Document.Key(service) }

// settle decides and acts until nothing is left to do at this moment, about those
// services too.
func (w *world) settle(services ...string) {
	w.t.Helper()
	var also []desired.Key
	for _, s := range services {
		also = append(also, w.key(s))
	}
	for range 1000 {
		if err := w.observer.Settle(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		todo := append(w.r.Affected(), also...)
		also = nil
		for key, at := range w.due {
			if !w.now.Before(at) && !slices.Contains(todo, key) {
				todo = append(todo, key)
			}
		}
		if len(todo) == 0 {
			return
		}
		slices.SortFunc(todo, func(a, b desired.Key) int { return strings.Compare(a.Service, b.Service) })
		for _, key := range slices.Compact(todo) {
			also = append(also, w.decide(key)...)
		}
	}
	w.t.Fatalf("it never comes to rest:\n%s", w.engine)
}

func (w *world) decide(key desired.Key) (again []desired.Key) {
	calls, next := w.r.Decide(key)
	w.r.Save()
	delete(w.due, key)
	if !next.IsZero() {
		w.due[key] = next
	}
	for _, c := range calls {
		again = append(again, w.r.Carry(context.Background(), c)...)
	}
	return again
}

// pass lets time pass, with everything happening when it is due.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for end := w.now.Add(d); ; {
		step := w.now.Add(time.Second)
		for _, at := range w.due {
			if at.After(w.now) && at.Before(step) {
				step = at
			}
		}
		if step.After(end) {
			w.now = end
			return
		}
		w.now = step
		w.engine.Tick()
		w.settle()
	}
}

func (w *world) expect(want string) {
	w.t.Helper()
	if got := w.engine.String(); strings.TrimSpace(got) != strings.TrimSpace(want) {
		w.t.Fatalf("the world is\n%swant\n%s", got, want)
	}
}

// calls are the changing calls since the last look.
func (w *world) calls() map[string]int {
	c := w.engine.Calls()
	for _, look := range []string{"list", "inspect", "info", "events"} {
		delete(c, look)
	}
	return c
}

func ours(service string, s sim.Spec) sim.Spec {
	s.Labels = map[string]string{engine.LabelProject: "p", engine.LabelService: service, engine.LabelOneoff: "False"}
	if s.Name == "" {
		s.Name = "p-" + service + "-1"
	}
	return s
}

const two = "version: 1\nproject: p\nservices:\n  web: running\n  db: stopped\n"

func TestAFirstStartOnAProjectThatIsAsWantedActsOnNothing(t *testing.T) {
	w := newWorld(t, two,
		ours("web", sim.Spec{State: engine.StateRunning}),
		ours("db", sim.Spec{State: engine.StateExited}),
		ours("old", sim.Spec{State: engine.StateRunning}),
		sim.Spec{Name: "foreign", State: engine.StateRunning})
	w.pass(time.Hour)
	if c := w.calls(); len(c) > 0 {
		t.Errorf("calls: %v", c)
	}
}

func TestADriftCostsThreeCallsAndNoList(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{}))
	w.engine.Calls()
	w.engine.Kill("p-web-1", 9)
	w.settle()
	w.expect("p-db-1 created\np-web-1 running")
	if c := w.engine.Calls(); c["inspect"] != 2 || c["start"] != 1 || len(c) != 2 {
		t.Errorf("calls: %v; want inspect, start, inspect", c)
	}
}

func TestAFlipBackAndForthEndsAsWanted(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{State: engine.StateExited}))
	w.desired.write(t, strings.NewReplacer("web: running", "web: stopped", "db: stopped", "db: running").Replace(two))
	w.settle()
	w.expect("p-db-1 running\np-web-1 exited(143)")
	w.desired.write(t, two)
	w.settle()
	w.expect("p-db-1 exited(143)\np-web-1 running")
	o := w.r.Known()
	for _, s := range o.Services {
		if !s.Converged || s.ObservedGeneration != 3 {
			t.Errorf("%s: converged %v at generation %d", s.Name, s.Converged, s.ObservedGeneration)
		}
	}
}

func TestLookingAtAChangeDoesNotHideIt(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{State: engine.StateExited}))
	w.desired.write(t, strings.Replace(two, "db: stopped", "db: running", 1))
	w.r.Known()
	if _, err := w.r.Plan(); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.expect("p-db-1 running\np-web-1 running")
}

func TestAStopperIsNotFoughtForEver(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{}))
	for range 600 {
		w.engine.HandStop("p-web-1")
		w.pass(6 * time.Second)
	}
	if n := w.calls()["start"]; n > 25 {
		t.Errorf("%d starts in an hour against somebody who stops it every 6 s", n)
	}
}

func TestARestartOfTheProgramDoublesNothing(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{State: engine.StateExited}))
	before := w.engine.String()
	w.calls()
	w.begin()
	w.pass(time.Minute)
	if c := w.calls(); len(c) > 0 || w.engine.String() != before {
		t.Errorf("calls after a restart: %v\n%s", c, w.engine)
	}
}

func TestAJobThatIsDoneStaysDoneWithoutItsContainer(t *testing.T) {
	w := newWorld(t, "version: 1\nproject: p\nservices:\n  job: completed\n", ours("job", sim.Spec{State: engine.StateExited}))
	w.engine.Remove("p-job-1")
	w.settle()
	w.begin()
	s, _ := ptr(w.r.Known()).Service("job")
	if s.Status != plan.StatusCompleted || !s.Converged {
		t.Errorf("the job is %s: %s", s.Status, s.Message)
	}
	if w.desired.memory["job"].Done == "" {
		t.Error("not remembered")
	}
}

func ptr[T any](v T) *T { return &v }

func TestARequestedRestartIsMadeOnceAndCounted(t *testing.T) {
	w := newWorld(t, two, ours("web", sim.Spec{State: engine.StateRunning}), ours("db", sim.Spec{}))
	first, err := w.r.Restart(w.key("web"), "test", "")
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.r.Restart(w.key("web"), "test", "")
	if err != nil || second != first {
		t.Fatalf("asked twice: tickets %d and %d, %v", first, second, err)
	}
	w.settle("web")
	if c := w.calls(); c["restart"] != 1 || len(c) != 1 {
		t.Errorf("calls: %v", c)
	}
	if s, _ := ptr(w.r.Known()).Service("web"); s.Acts.Ended != first {
		t.Errorf("acts %d, want the ticket %d", s.Acts.Ended, first)
	}
	if _, err := w.r.Restart(w.key("db"), "test", ""); err == nil {
		t.Error("what is wanted stopped was restarted")
	}
}

// TestAnyHistoryEndsAsTheFileSays throws what others do, and edits of the
// file, at the world by chance, and then leaves it alone. The oracle knows
// nothing of decisions: in the end each container is as the file says, and
// what is not in the file was never called.
func TestAnyHistoryEndsAsTheFileSays(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, 7))
			services := []string{"a", "b", "c", "d"}
			text := func() string {
				b := "version: 1\nproject: p\nservices:\n"
				for _, s := range services {
					b += fmt.Sprintf("  %s: %s\n", s, []string{"running", "stopped"}[chance.IntN(2)])
				}
				return b
			}
			states := []engine.State{engine.StateCreated, engine.StateRunning, engine.StateExited, engine.StatePaused}
			var specs []sim.Spec
			for _, s := range services {
				specs = append(specs, ours(s, sim.Spec{State: states[chance.IntN(len(states))]}))
			}
			specs = append(specs, sim.Spec{Name: "foreign", State: engine.StateExited}, ours("orphan", sim.Spec{State: engine.StateRunning}))
			w := newWorld(t, text(), specs...)
			acted := 0
			for range 60 {
				name := "p-" + services[chance.IntN(len(services))] + "-1"
				switch chance.IntN(9) {
				case 0:
					w.engine.Kill(name, 9)
				case 1:
					w.engine.HandStop(name)
				case 2:
					w.engine.HandStart(name)
				case 3:
					w.engine.Exit(name, chance.IntN(3))
				case 4:
					w.engine.Pause(name)
				case 5:
					w.engine.HandUnpause(name)
				case 6:
					w.desired.write(t, text())
				case 7:
					w.engine.FailNext([]string{"start", "stop"}[chance.IntN(2)], engine.ErrUnavailable)
				case 8:
					w.begin()
				}
				w.pass(time.Duration(chance.IntN(20)) * time.Second)
				for _, n := range w.calls() {
					acted += n
				}
			}
			for _, s := range services { // a pause is respected, so end it
				w.engine.HandUnpause("p-" + s + "-1")
			}
			w.pass(20 * time.Minute)
			if acted < 10 {
				t.Fatalf("only %d actions: nothing was shown", acted)
			}
			for _, s := range w.desired.snap.Document.Services {
				c, err := w.engine.Inspect(t.Context(), "p-"+s.Name+"-1")
				if err != nil {
					t.Fatal(err)
				}
				if c.State.Alive() != (s.State == desired.Running) {
					t.Errorf("%s is wanted %s and is %s\n%s", s.Name, s.State, c.State, w.engine)
				}
			}
			for name, state := range map[string]engine.State{"foreign": engine.StateExited, "p-orphan-1": engine.StateRunning} {
				if c, err := w.engine.Inspect(t.Context(), name); err != nil || c.State != state {
					t.Errorf("%s was touched: %s %v", name, c.State, err)
				}
			}
		})
	}
}
