package reconcile

import (
	"context"
	"sync"
	"time"

	"reconciler/desired"
)

// TickEvery is how often the loop proves that it works, by taking a task of its
// own off the queue.
const TickEvery = 5 * time.Second

// lastCall is how long a call under way may go on after the loop was told to
// end; a call waits for saveWait for what it follows from to be written.
const (
	lastCall = 8 * time.Second
	saveWait = time.Second
)

// Loop is a Reconciler with goroutines.
type Loop struct {
	*Reconciler
	workers int
	queue   *queue[task]
	wake    chan struct{}
	save    chan struct{} // something was decided, or left the file
}

// task is what a worker takes off the queue: a service to decide about, or a tick,
// which proves that one works and has no key.
type task struct {
	key  desired.Key
	tick bool
}

// NewLoop returns a Loop that decides about at most that many services at
// once. It starts nothing.
func NewLoop(r *Reconciler, workers int) *Loop {
	return &Loop{Reconciler: r, workers: max(1, workers), queue: newQueue[task](), wake: make(chan struct{}, 1), save: make(chan struct{}, 1)}
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
	l.queue.add(task{tick: true})
	for {
		select {
		case <-tick.C:
			l.queue.add(task{tick: true})
			l.Wake() // no timer hears that the clock was set
		case <-l.wake:
			l.enqueue(l.Affected()...)
			signal(l.save) // what left the file is forgotten
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

// enqueue has the services decided about, soon.
func (l *Loop) enqueue(keys ...desired.Key) {
	for _, key := range keys {
		l.queue.add(task{key: key})
	}
}

// work takes one task after the other. A call that takes long holds no worker.
func (l *Loop) work(ctx context.Context, calls *sync.WaitGroup) {
	for {
		t, ok := l.queue.take()
		if !ok {
			return
		}
		if t.tick {
			if l.tick() {
				l.lookAtAll()
			}
		} else {
			l.decide(ctx, t, calls)
		}
		l.queue.done(t)
	}
}

// decide decides about the service, and has the calls made.
func (l *Loop) decide(ctx context.Context, t task, calls *sync.WaitGroup) {
	decided, next := l.Decide(t.key)
	signal(l.save)
	for _, call := range decided {
		calls.Go(func() {
			await(ctx, call.saved)
			l.enqueue(l.Carry(ctx, call)...)
		})
	}
	wait := time.Duration(-1)
	if !next.IsZero() {
		wait = max(0, next.Sub(l.opt.Now()))
	}
	l.queue.after(t, wait)
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
func (l *Loop) Restart(key desired.Key, actor, why string) (int64, error) {
	ticket, err := l.Reconciler.Restart(key, actor, why)
	l.enqueue(key)
	return ticket, err
}

// Retry is Reconciler.Retry, and lets it happen.
func (l *Loop) Retry(key desired.Key, actor, why string) error {
	err := l.Reconciler.Retry(key, actor, why)
	l.enqueue(key)
	return err
}

// LookNow asks for a look at the whole world and a decision about every
// service, soon.
func (l *Loop) LookNow(actor, why string) {
	l.tell(Event{Kind: KindRequested, Actor: actor, Message: why})
	l.lookAtAll()
}

// lookAtAll is LookNow without a word: what follows is decided by no older look.
func (l *Loop) lookAtAll() {
	l.opt.Driver.LookNow()
	l.enqueue(l.keys()...)
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
