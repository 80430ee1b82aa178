package api

import (
	"fmt"
	"sync"
	"time"
)

// A disk that doesn't answer (a dead network file system) keeps whoever asks it,
// and a thread of the process with him, for good. So what a request has to look
// at on disk is looked at by few at a time, for a moment each; while one has no
// answer another is begun only now and then, in case that the path leads to
// another disk by now.
const (
	lookPatience  = 2 * time.Second
	maxLooks      = 4
	maxUnanswered = 16 // looks that are left without an answer
	lookAgain     = 30 * time.Second
)

// looks are those under way at one file. The zero value is none yet. It is safe
// for concurrent use.
type looks struct {
	patience time.Duration // 0: lookPatience

	mu         sync.Mutex
	under      int // begun, and not yet waited for in vain
	unanswered int
	last       time.Time     // when one began
	changed    chan struct{} // closed when one ends; nil: nobody waits for that
}

// look returns what f does, or an error that says that what is done gets no
// answer. f goes on then, by itself.
func look[T any](l *looks, what string, f func() (T, error)) (T, error) {
	patience := l.patience
	if patience == 0 {
		patience = lookPatience
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	var none T
	unanswered := fmt.Errorf("%s: no answer within %s; see to the disk or network file system under it", what, patience)
	for begun := false; !begun; {
		wait, ok := l.begin(time.Now())
		switch {
		case !ok:
			return none, unanswered
		case wait == nil:
			begun = true
			continue
		}
		select {
		case <-wait:
		case <-late.C:
			return none, unanswered
		}
	}
	type answer struct {
		value T
		err   error
	}
	one, got := new(oneLook), make(chan answer, 1)
	go func() {
		value, err := f()
		got <- answer{value, err}
		l.end(one)
	}()
	select {
	case a := <-got:
		return a.value, a.err
	case <-late.C:
		l.leave(one)
		return none, unanswered
	}
}

// oneLook is a look that was begun.
type oneLook struct{ left, ended bool }

// begin begins one more look, unless ok is false or there is something to wait
// for first.
func (l *looks) begin(now time.Time) (wait <-chan struct{}, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.unanswered > 0 && (l.unanswered+l.under >= maxUnanswered || now.Sub(l.last) < lookAgain):
		return nil, false
	case l.under >= maxLooks:
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		return l.changed, true
	}
	l.under++
	l.last = now
	return nil, true
}

// leave counts the look as unanswered, until it ends.
func (l *looks) leave(one *oneLook) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one.ended {
		return
	}
	one.left = true
	l.under--
	l.unanswered++
	l.wake()
}

func (l *looks) end(one *oneLook) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one.ended = true
	if one.left {
		l.unanswered--
	} else {
		l.under--
	}
	l.wake()
}

// wake lets those try who wait for a place; l.mu is held.
func (l *looks) wake() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}
