// Package desk bounds the time that anybody waits for a disk: whatever concerns
// a file may block for ever, and goes on in a goroutine of its own then. It
// knows nothing of what is done.
package desk

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// ErrBlocked: a file lies on a disk that doesn't answer, or is something that
// never ends (503 state_blocked).
var ErrBlocked = errors.New("state_blocked")

// Blocked is ErrBlocked with what has no answer within patience. It is the same
// text each time.
func Blocked(what string, patience time.Duration) error {
	return fmt.Errorf("%w: %s: no answer within %s; see to the disk or network file system under it", ErrBlocked, what, patience)
}

// Desk lets one at a time do what may block for ever. Who comes and who waits
// does so for bounded time; what is blocked goes on in its goroutine and holds
// the desk, so there is one at most. Any number of goroutines may call it, none
// of which holds a mutex. New makes one; the zero value may not be used.
type Desk struct {
	// Patience is how long each may take, and is waited for. It isn't changed
	// while anybody comes or waits.
	Patience time.Duration

	token chan struct{} // holds one while the desk is taken
	under atomic.Pointer[Work]
}

// Work is what has the desk. Do makes it.
type Work struct {
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

// New returns a desk that nobody has.
func New(patience time.Duration) *Desk {
	return &Desk{Patience: patience, token: make(chan struct{}, 1)}
}

// ErrGivenUp: who asked for it was told already that it isn't done.
var ErrGivenUp = errors.New("given up")

// Commit begins what can't be given up any more. Error: ErrGivenUp, and it may
// not be done then.
func (w *Work) Commit() error {
	if w.committed.CompareAndSwap(undecided, yes) {
		return nil
	}
	return ErrGivenUp
}

// Do calls f when the desk is free, and returns when f does. The error is
// ErrBlocked: the desk was not free for too long, or f takes too long. f goes
// on then; if it had committed, what becomes of it isn't known, else it will
// not commit any more. late, if it isn't nil, is called after such an f. A panic
// of f is the caller's.
func (d *Desk) Do(what string, f func(*Work), late func()) error {
	if err := d.enter(); err != nil {
		return err
	}
	w := &Work{what: what, since: time.Now(), done: make(chan struct{})}
	d.under.Store(w)
	go func() {
		defer func() {
			w.panicked = recover()
			d.under.Store(nil)
			<-d.token
			if w.left.CompareAndSwap(undecided, no) {
				close(w.done)
				return
			}
			if w.panicked != nil {
				panic(w.panicked)
			}
			if late != nil {
				late()
			}
		}()
		f(w)
	}()
	timer := time.NewTimer(d.Patience)
	defer timer.Stop()
	select {
	case <-w.done:
	case <-timer.C:
		if w.left.CompareAndSwap(undecided, yes) {
			err := Blocked(what, d.Patience)
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
func (d *Desk) enter() error {
	for {
		wait := d.Patience
		if w := d.under.Load(); w != nil {
			wait = time.Until(w.since.Add(d.Patience))
		}
		if wait <= 0 {
			if err := d.Stuck(); err != nil {
				return err
			}
			wait = time.Millisecond // it has just ended
		}
		timer := time.NewTimer(wait)
		select {
		case d.token <- struct{}{}:
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// Stuck is ErrBlocked while what has the desk takes too long.
func (d *Desk) Stuck() error {
	if w := d.under.Load(); w != nil && time.Since(w.since) >= d.Patience {
		return Blocked(w.what, d.Patience)
	}
	return nil
}

// Ask is Do with what f returns. Nobody reads it where it comes too late.
func Ask[T any](d *Desk, what string, f func(*Work) (T, error), late func()) (T, error) {
	type answer struct {
		value T
		err   error
	}
	got := make(chan answer, 1)
	err := d.Do(what, func(w *Work) {
		value, err := f(w)
		got <- answer{value, err}
	}, late)
	if err != nil {
		var none T
		return none, err
	}
	a := <-got
	return a.value, a.err
}
