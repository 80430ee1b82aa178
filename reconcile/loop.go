package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// TickEvery is how often the loop proves that it works, by taking a key of its
// own off the queue.
const TickEvery = 5 * time.Second

// After lateTick without a tick the loop is not alive. lastCall is how long a
// call under way may go on after the loop was told to end.
const (
	lateTick = 30 * time.Second
	lastCall = 8 * time.Second
	saveWait = time.Second // a call waits so long for what it follows from to be written
	tickKey  = ""          // no service has this name
)

// Loop is a Reconciler with goroutines.
type Loop struct {
	*Reconciler
	workers int
	queue   *queue
	wake    chan struct{}
	save    chan struct{} // something was decided
}

// NewLoop returns a Loop that decides about at most that many services at
// once. It starts nothing.
func NewLoop(r *Reconciler, workers int) *Loop {
	return &Loop{Reconciler: r, workers: max(1, workers), queue: newQueue(), wake: make(chan struct{}, 1), save: make(chan struct{}, 1)}
}

// Wake says that the world or the file changed. It returns at once and may be
// called before Run.
func (l *Loop) Wake() { signal(l.wake) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run reconciles until ctx ends; then it lets the calls under way end, for at
// most lastCall, and returns nil. It stops no container.
func (l *Loop) Run(ctx context.Context) error {
	calls, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var all sync.WaitGroup
	var saver sync.WaitGroup
	saver.Go(func() {
		for range l.save {
			l.Save()
		}
	})
	for range l.workers {
		all.Go(func() { l.work(calls, &all) })
	}
	tick := time.NewTicker(TickEvery)
	defer tick.Stop()
	l.Wake()
	l.queue.add(tickKey)
	for {
		select {
		case <-tick.C:
			l.queue.add(tickKey)
			l.Wake() // no timer hears that the clock was set
		case <-l.wake:
			for _, service := range l.Affected() {
				l.queue.add(service)
			}
		case <-ctx.Done():
			l.stop()
			l.queue.close()
			defer time.AfterFunc(lastCall, cut).Stop()
			all.Wait()
			close(l.save)
			saver.Wait()
			return nil
		}
	}
}

// work takes one key after the other. A call that takes long holds no worker.
func (l *Loop) work(ctx context.Context, calls *sync.WaitGroup) {
	for {
		service, ok := l.queue.take()
		if !ok {
			return
		}
		if service == tickKey {
			if l.tick() {
				l.opt.World.LookNow() // nothing is done that follows from an older look
				for _, s := range l.opt.Desired.Snapshot().Document.Services {
					l.queue.add(s.Name)
				}
			}
			l.queue.done(service)
			continue
		}
		decided, next := l.Decide(service)
		signal(l.save)
		for _, call := range decided {
			calls.Go(func() {
				await(ctx, call.saved)
				for _, service := range l.Carry(ctx, call) {
					l.queue.add(service)
				}
			})
		}
		wait := time.Duration(-1)
		if !next.IsZero() {
			wait = max(0, next.Sub(l.opt.Now()))
		}
		l.queue.after(service, wait)
		l.queue.done(service)
	}
}

// await waits for saved, if it isn't nil, but for no longer than saveWait: a disk
// that hangs keeps nothing from running.
func await(ctx context.Context, saved <-chan struct{}) {
	if saved == nil {
		return
	}
	late := time.NewTimer(saveWait)
	defer late.Stop()
	select {
	case <-saved:
	case <-late.C:
	case <-ctx.Done():
	}
}

// Restart is Reconciler.Restart, and lets it happen.
func (l *Loop) Restart(service, actor, why string) (int64, error) {
	ticket, err := l.Reconciler.Restart(service, actor, why)
	l.queue.add(service)
	return ticket, err
}

// Retry is Reconciler.Retry, and lets it happen.
func (l *Loop) Retry(service, actor, why string) error {
	err := l.Reconciler.Retry(service, actor, why)
	l.queue.add(service)
	return err
}

// LookNow asks for a look at the whole world and a decision about every
// service, soon.
func (l *Loop) LookNow(actor, why string) {
	l.tell(Event{Kind: KindRequested, Actor: actor, Message: why})
	l.opt.World.LookNow()
	for _, s := range l.opt.Desired.Snapshot().Document.Services {
		l.queue.add(s.Name)
	}
}

// Queue returns how many services wait to be decided about, and for how long
// the oldest has waited.
func (l *Loop) Queue() (depth int, oldest time.Duration) {
	depth, since := l.queue.depth()
	if depth > 0 {
		oldest = time.Since(since)
	}
	return depth, oldest
}

// Alive reports whether the loop works, whatever the engine does.
func (l *Loop) Alive() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.ticked.IsZero() && l.opt.Now().Sub(l.ticked) < lateTick
}

// Readiness returns why the promise can't be kept now; empty: it can.
func (l *Loop) Readiness() []string {
	l.mu.Lock()
	stopping := l.stopping
	l.mu.Unlock()
	var why []string
	if stopping {
		why = append(why, "shutting down")
	}
	snap := l.opt.Desired.Snapshot()
	if snap.Problem != nil {
		why = append(why, fmt.Sprintf("the file can't be used, generation %d stays in force: %v", snap.Generation, snap.Problem))
	}
	why = append(why, l.opt.Desired.Troubles()...)
	l.mu.Lock()
	blind := l.blindness(l.opt.World.View())
	l.mu.Unlock()
	if blind.Reason != "" {
		why = append(why, blind.Message)
	}
	return why
}

// UnderWay names what has not ended: calls to the engine, as "stop web-1", and
// the write of what must outlive the process.
func (r *Reconciler) UnderWay() []string {
	r.mu.Lock()
	calls, writing := maps.Clone(r.inFlight), r.writing != nil
	r.mu.Unlock()
	names := make(map[string]string)
	for _, c := range r.opt.World.View().Containers {
		names[c.ID] = c.Name
	}
	var all []string
	for id, verb := range calls {
		all = append(all, string(verb)+" "+cmp.Or(names[id], id))
	}
	slices.Sort(all)
	if writing {
		all = append(all, "write what is remembered")
	}
	return all
}

// tick proves that the loop works, and reports whether it may decide by now or
// may not any more.
func (r *Reconciler) tick() (changed bool) {
	r.heed(r.opt.Desired.Hold(), r.opt.Now())
	r.mu.Lock()
	r.ticked = r.opt.Now()
	r.mu.Unlock()
	r.opt.Ticked()
	return r.hasTurned()
}

func (r *Reconciler) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopping = true
}
