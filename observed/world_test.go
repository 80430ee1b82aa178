package observed

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"reconciler/engine"
	"reconciler/engine/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is an engine whose answers a test may tamper with, and its observer.
// Time stands still unless the test moves it.
type world struct {
	*sim.Engine
	*Observer
	now     time.Time
	list    func([]engine.Summary) []engine.Summary // nil: as it is
	amend   func(*engine.Container)                 // what an inspect tells; nil: nothing
	looked  func(ref string)                        // after each inspect; nil: nothing
	changed atomic.Int32
	told    atomic.Int64 // the version at the last word of a change
}

// tampered is the engine as the observer sees it.
type tampered struct{ *world }

func (e tampered) List(ctx context.Context, project string) ([]engine.Summary, error) {
	list, err := e.Engine.List(ctx, project)
	if err == nil && e.list != nil {
		list = e.list(list)
	}
	return list, err
}

func (e tampered) Inspect(ctx context.Context, ref string) (engine.Container, error) {
	c, err := e.Engine.Inspect(ctx, ref)
	if err == nil && e.amend != nil {
		e.amend(&c)
	}
	if e.looked != nil {
		e.looked(ref)
	}
	return c, err
}

// newWorld returns a world with these containers of the project "shop", all
// running, that was looked at once and whose events are noted.
func newWorld(t *testing.T, names ...string) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	w.Engine = sim.New(sim.Options{Now: func() time.Time { return w.now }})
	for _, name := range names {
		w.create(name)
	}
	w.observe(t, Options{Names: func() map[string]bool { return map[string]bool{"handmade": true} }})
	w.Calls()
	w.changed.Store(0)
	return w
}

// observe looks at the world once, and notes its events.
func (w *world) observe(t *testing.T, opt Options) {
	t.Helper()
	opt.Engine, opt.Project, opt.Now = tampered{w}, "shop", func() time.Time { return w.now }
	w.Observer = New(opt)
	w.Subscribe(func() {
		w.changed.Add(1)
		w.told.Store(w.View().Version)
	})
	t.Cleanup(w.Tap(w.Note))
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) create(name string) string {
	return w.Create(sim.Spec{Name: name, State: engine.StateRunning, Since: w.now, Labels: map[string]string{engine.LabelProject: "shop"}})
}

// String is the view, and what was touched, in words.
func (w *world) String() string { return show(w.View()) }

func show(v View) string {
	var words []string
	for _, c := range v.Containers {
		word := c.Name + " " + string(c.State)
		if _, touched := v.Touched[c.ID]; touched {
			word += " touched"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func (w *world) wantView(t *testing.T, want string) {
	t.Helper()
	if got := w.String(); got != want {
		t.Errorf("view: %s; want %s", got, want)
	}
}

// wantCalls checks which calls were made since the last check: the name
// "handmade" costs one inspect with each resync.
func (w *world) wantCalls(t *testing.T, want map[string]int) {
	t.Helper()
	if got := w.Calls(); !maps.Equal(got, want) {
		t.Errorf("calls: %v; want %v", got, want)
	}
}

func (w *world) settle(t *testing.T) {
	t.Helper()
	if err := w.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantTold(t)
}

// wantTold checks that whoever follows the view has heard of its last change.
func (w *world) wantTold(t *testing.T) {
	t.Helper()
	if told, is := w.told.Load(), w.View().Version; told != is {
		t.Errorf("the view is version %d, and %d is the last that was told of", is, told)
	}
}

func (w *world) resync(t *testing.T) {
	t.Helper()
	if err := w.Resync(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantTold(t)
}

// running lets an observer Run beside the test, in a bubble with a clock of
// its own, until the test ends.
func running(t *testing.T, e engine.Engine, heard func(Heard)) *Observer {
	t.Helper()
	return runningAs(t, Options{Engine: e, Heard: heard})
}

func runningAs(t *testing.T, opt Options) *Observer {
	t.Helper()
	opt.Project = "shop"
	o := New(opt)
	var told atomic.Int64 // the version at the last word of a change
	o.Subscribe(func() { told.Store(o.View().Version) })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx) }()
	t.Cleanup(func() {
		synctest.Wait()
		is := o.View().Version
		if told.Load() != is {
			t.Errorf("the view is version %d, and %d is the last that was told of", is, told.Load())
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if o.View().Version != is {
			t.Errorf("the end changed the view: %v", o.View().Err)
		}
	})
	synctest.Wait()
	return o
}

// pass lets time pass in the bubble, and everybody finish what is due by then.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func shop(names ...string) *sim.Engine {
	e := sim.New(sim.Options{})
	for _, name := range names {
		e.Create(sim.Spec{Name: name, State: engine.StateRunning, Labels: map[string]string{engine.LabelProject: "shop"}})
	}
	return e
}

func many(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("shop-web-%04d", i)
	}
	return names
}
