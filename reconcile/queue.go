package reconcile

import (
	"sync"
	"time"
)

// queue holds the keys that are to be worked on. Guarantees (client-go's
// workqueue): a key is worked on by at most one worker at a time; added many
// times before it is taken, it is taken once; added while it is worked on, it
// is taken again afterwards; keys are taken in the order in which they were
// added.
type queue[K comparable] struct {
	mu     sync.Mutex
	more   *sync.Cond
	order  []K
	since  map[K]time.Time // keys in order, by when they were added
	work   map[K]bool      // being worked on; true: added again meanwhile
	timers map[K]*time.Timer
	closed bool
}

func newQueue[K comparable]() *queue[K] {
	q := &queue[K]{since: map[K]time.Time{}, work: map[K]bool{}, timers: map[K]*time.Timer{}}
	q.more = sync.NewCond(&q.mu)
	return q
}

// add puts the key in, now.
func (q *queue[K]) add(key K) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	if _, busy := q.work[key]; busy {
		q.work[key] = true
		return
	}
	q.put(key)
}

func (q *queue[K]) put(key K) {
	if _, waits := q.since[key]; waits {
		return
	}
	q.since[key] = time.Now()
	q.order = append(q.order, key)
	q.more.Signal()
}

// after puts the key in when d has passed, instead of when it was last asked
// for. A negative d: not by itself.
func (q *queue[K]) after(key K, d time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t := q.timers[key]; t != nil {
		t.Stop()
		delete(q.timers, key)
	}
	if d >= 0 && !q.closed {
		q.timers[key] = time.AfterFunc(d, func() { q.add(key) })
	}
}

// take waits for a key. false: the queue is closed.
func (q *queue[K]) take() (key K, open bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.order) == 0 && !q.closed {
		q.more.Wait()
	}
	if q.closed {
		return key, false
	}
	key = q.order[0]
	q.order = q.order[1:]
	delete(q.since, key)
	q.work[key] = false
	return key, true
}

// done ends the work on a key that was taken.
func (q *queue[K]) done(key K) {
	q.mu.Lock()
	defer q.mu.Unlock()
	again := q.work[key]
	delete(q.work, key)
	if again && !q.closed {
		q.put(key)
	}
}

// close lets every take return.
func (q *queue[K]) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, t := range q.timers {
		t.Stop()
	}
	q.more.Broadcast()
}

// depth returns how many keys wait, and since when the oldest does; zero: none.
func (q *queue[K]) depth() (int, time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 {
		return 0, time.Time{}
	}
	return len(q.order), q.since[q.order[0]]
}
