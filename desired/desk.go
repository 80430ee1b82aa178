package desired

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// ErrBlocked: the file or the data directory lies on a disk that doesn't
// answer, or is something that never ends (503 state_blocked).
var ErrBlocked = errors.New("state_blocked")

func isBlocked(err error) bool { return errors.Is(err, ErrBlocked) }

// blocked is ErrBlocked with what has no answer. It is the same text each time.
func blocked(what string, patience time.Duration) error {
	return fmt.Errorf("%w: %s: no answer within %s; see to the disk or network file system under it", ErrBlocked, what, patience)
}

// desk lets one at a time do what may block for ever, as anything may that
// concerns a file. Who comes and who waits does so for bounded time; what is
// blocked goes on in its goroutine and holds the desk, so there is one at
// most. Nobody waits who holds a mutex.
type desk struct {
	patience time.Duration
	token    chan struct{} // holds one while the desk is taken
	under    atomic.Pointer[work]
}

// work is what has the desk.
type work struct {
	what  string // with the path
	since time.Time

	committed atomic.Int32 // open, or decided by whoever was first
	left      atomic.Int32
	done      chan struct{}
	panicked  any
}

// What committed and left are.
const (
	undecided = iota
	yes
	no
)

func newDesk(patience time.Duration) *desk {
	return &desk{patience: patience, token: make(chan struct{}, 1)}
}

// errGivenUp: who asked for it was told already that it isn't done.
var errGivenUp = errors.New("given up")

// commit begins what can't be given up any more. The error is that it was.
func (w *work) commit() error {
	if w.committed.CompareAndSwap(undecided, yes) {
		return nil
	}
	return errGivenUp
}

// do calls f when the desk is free, and returns when f does. The error is
// ErrBlocked: the desk was not free for too long, or f takes too long. f goes
// on then; if it had committed, what becomes of it isn't known, else it will
// not commit any more. late is called after such an f.
func (p *desk) do(what string, f func(*work), late func()) error {
	if err := p.enter(); err != nil {
		return err
	}
	w := &work{what: what, since: time.Now(), done: make(chan struct{})}
	p.under.Store(w)
	go func() {
		defer func() {
			w.panicked = recover()
			p.under.Store(nil)
			<-p.token
			if w.left.CompareAndSwap(undecided, no) {
				close(w.done)
				return
			}
			if w.panicked != nil {
				panic(w.panicked)
			}
			late()
		}()
		f(w)
	}()
	timer := time.NewTimer(p.patience)
	defer timer.Stop()
	select {
	case <-w.done:
	case <-timer.C:
		if w.left.CompareAndSwap(undecided, yes) {
			err := blocked(what, p.patience)
			if !w.committed.CompareAndSwap(undecided, no) {
				err = fmt.Errorf("%w; whether it is made isn't known yet, look at the file", err)
			}
			return err
		}
		<-w.done
	}
	if w.panicked != nil {
		panic(w.panicked) // where the caller's own defers, and its caller's, are
	}
	return nil
}

// enter takes the desk. It waits in line for as long as each that has it is
// done in time.
func (p *desk) enter() error {
	for {
		wait := p.patience
		if w := p.under.Load(); w != nil {
			wait = time.Until(w.since.Add(p.patience))
		}
		if wait <= 0 {
			if err := p.stuck(); err != nil {
				return err
			}
			wait = time.Millisecond // it has just ended
		}
		timer := time.NewTimer(wait)
		select {
		case p.token <- struct{}{}:
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// stuck is ErrBlocked while what has the desk takes too long.
func (p *desk) stuck() error {
	if w := p.under.Load(); w != nil && time.Since(w.since) >= p.patience {
		return blocked(w.what, p.patience)
	}
	return nil
}

// ask is do with what f returns. Nobody reads it where it comes too late.
func ask[T any](d *desk, what string, f func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	got := make(chan answer, 1)
	err := d.do(what, func(*work) {
		value, err := f()
		got <- answer{value, err}
	}, func() {})
	if err != nil {
		var none T
		return none, err
	}
	a := <-got
	return a.value, a.err
}
