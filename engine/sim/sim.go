// Package sim is the port to the containers in memory: strict, printable, and
// able to fail on demand. It refuses what a real engine refuses, with the same
// errors, and tells of what happens with the same events; engine/enginetest
// holds both to the same text. `reconciler run --engine sim` runs on it.
//
// What a process does is in life.go, what others do to the containers in
// hands.go, what is written in logs.go, what a start is refused for in
// refuse.go, what goes wrong in faults.go. All methods may be called by any
// number of goroutines. Hands that name a container that isn't there panic, for
// that is a mistake in a test; those that ask for what can't happen to the
// container as it is do nothing.
package sim

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"reconciler/engine"
)

// Options says what kind of engine to simulate. The zero value is a faultless
// one on the wall clock.
type Options struct {
	Now   func() time.Time // nil: time.Now
	Seed  uint64           // of the faults that happen by chance
	Hands engine.Hands     // what messages tell a person to type; mostly none, for nobody can type to it
}

// Engine implements engine.Engine.
type Engine struct {
	now   func() time.Time
	typed engine.Hands

	mu         sync.Mutex
	containers map[string]*box // by ID
	created    int
	calls      map[string]int
	before     func(call, ref string)
	readers    map[int]*reader
	taps       map[int]func(engine.Event)
	seats      int
	wrote      *sync.Cond // on mu: somebody who follows a log has something to do
	foreign    []foreign  // processes of the host
	faults     faults
	chance     *rand.Rand
}

var _ engine.Engine = (*Engine)(nil)

// box is a container, and how it behaves.
type box struct {
	engine.Container
	spec  Spec
	dieAt time.Time // when it exits by itself; zero: never
	log   journal
}

// New returns an engine without containers.
func New(opt Options) *Engine {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	e := &Engine{
		now: opt.Now, typed: opt.Hands, containers: map[string]*box{}, calls: map[string]int{},
		readers: map[int]*reader{}, taps: map[int]func(engine.Event){},
		chance: rand.New(rand.NewPCG(opt.Seed, 1)), faults: newFaults(),
	}
	e.wrote = sync.NewCond(&e.mu)
	return e
}

// String is the world, one line a container, by name.
func (e *Engine) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tick()
	var b strings.Builder
	for _, c := range e.sorted() {
		fmt.Fprintf(&b, "%s %s", c.Name, c.State)
		if c.State == engine.StateExited {
			fmt.Fprintf(&b, "(%d)", c.ExitCode)
		}
		if c.State.Alive() && c.Health != engine.HealthNone {
			fmt.Fprintf(&b, " %s", c.Health)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (e *Engine) sorted() []*box {
	return slices.SortedFunc(maps.Values(e.containers), func(a, b *box) int { return cmp.Compare(a.Name, b.Name) })
}

// Calls returns how often each method of the port was called, and begins to
// count anew.
func (e *Engine) Calls() map[string]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	counted := e.calls
	e.calls = map[string]int{}
	return counted
}

// enter begins a call: it counts it and lets what is due happen, and fails as
// the faults say. The caller holds e.mu afterwards, unless there is an error.
func (e *Engine) enter(ctx context.Context, call, ref string) error {
	e.mu.Lock()
	e.calls[call]++
	if before := e.before; before != nil {
		e.mu.Unlock()
		before(call, ref)
		e.mu.Lock()
	}
	for e.faults.hung[e.idOf(ref)] && ctx.Err() == nil && !e.faults.down {
		released := e.faults.released
		e.mu.Unlock()
		select {
		case <-released:
		case <-ctx.Done():
		}
		e.mu.Lock()
	}
	err := e.faults.next(call)
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case e.faults.down:
		err = engine.ErrUnavailable
	}
	if err != nil {
		e.mu.Unlock()
		return fmt.Errorf("%s %s: %w", call, ref, err)
	}
	e.tick()
	return nil
}

// Before calls f at the beginning of each call of the port, with its name and
// the container or project that it names; nil: nobody. f may use any method,
// as somebody would who is quicker than the call, but must not call the port.
func (e *Engine) Before(f func(call, ref string)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.before = f
}

// Info implements engine.Engine.
func (e *Engine) Info(ctx context.Context) (engine.Info, error) {
	if err := e.enter(ctx, "info", ""); err != nil {
		return engine.Info{}, err
	}
	defer e.mu.Unlock()
	return engine.Info{Address: "sim://", Version: "sim", APIVersion: "1.41", Hands: e.typed}, nil
}

// List implements engine.Engine.
func (e *Engine) List(ctx context.Context, project string) ([]engine.Summary, error) {
	if err := e.enter(ctx, "list", project); err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	list := []engine.Summary{}
	for _, c := range e.sorted() {
		if project == "" || c.Claim.Project == project {
			list = append(list, c.Summary)
		}
	}
	return list, nil
}

// Inspect implements engine.Engine.
func (e *Engine) Inspect(ctx context.Context, ref string) (engine.Container, error) {
	if err := e.enter(ctx, "inspect", ref); err != nil {
		return engine.Container{}, err
	}
	defer e.mu.Unlock()
	c := e.lookup(ref)
	if c == nil {
		return engine.Container{}, fmt.Errorf("inspect %s: %w", ref, engine.ErrNotFound)
	}
	return c.Container, nil
}

func (e *Engine) lookup(ref string) *box {
	if c, ok := e.containers[ref]; ok {
		return c
	}
	for _, c := range e.containers {
		if c.Name == ref {
			return c
		}
	}
	return nil
}

// idOf is what a fault of the container is kept by; a container that isn't
// there yet is kept by what it was called.
func (e *Engine) idOf(ref string) string {
	if c := e.lookup(ref); c != nil {
		return c.ID
	}
	return ref
}

// change is a call that changes a container.
func (e *Engine) change(ctx context.Context, call, id string, do func(*box) error) error {
	if err := e.enter(ctx, call, id); err != nil {
		return err
	}
	defer e.mu.Unlock()
	c := e.lookup(id)
	if c == nil {
		return fmt.Errorf("%s %s: %w", call, id, engine.ErrNotFound)
	}
	if e.faults.idle[c.ID] {
		return nil // it says yes and does nothing
	}
	if err := do(c); err != nil {
		return fmt.Errorf("%s %s: %w", call, c.Name, err)
	}
	return nil
}

// Start implements engine.Engine.
func (e *Engine) Start(ctx context.Context, id string) error {
	return e.change(ctx, "start", id, e.start)
}

func (e *Engine) start(c *box) error {
	switch {
	case c.State == engine.StateRunning || c.State == engine.StateRestarting:
		return nil
	case c.State == engine.StatePaused:
		return fmt.Errorf("%w: it is paused, unpause it instead", engine.ErrConflict)
	case c.State == engine.StateRemoving || c.State == engine.StateDead:
		return fmt.Errorf("%w: it is %s", engine.ErrConflict, c.State)
	}
	if err := e.blocked(c); err != nil {
		if c.spec.Broken != "" {
			c.Error, c.ExitCode = c.spec.Broken, 127
			if c.AutoRemove {
				e.remove(c)
			}
		}
		return err
	}
	e.run(c)
	return nil
}

// Stop implements engine.Engine. The grace passes at once.
func (e *Engine) Stop(ctx context.Context, id string, _ time.Duration) error {
	return e.change(ctx, "stop", id, func(c *box) error {
		if c.State == engine.StateRemoving || c.State == engine.StateDead {
			return fmt.Errorf("%w: it is %s", engine.ErrConflict, c.State)
		}
		e.stop(c)
		return nil
	})
}

// Restart implements engine.Engine. It doesn't remove what removes itself.
func (e *Engine) Restart(ctx context.Context, id string, _ time.Duration) error {
	return e.change(ctx, "restart", id, func(c *box) error {
		if c.State.Alive() {
			e.halt(c)
		}
		return e.start(c)
	})
}

// Unpause implements engine.Engine.
func (e *Engine) Unpause(ctx context.Context, id string) error {
	return e.change(ctx, "unpause", id, func(c *box) error {
		e.unpause(c)
		return nil
	})
}
