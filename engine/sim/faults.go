package sim

import "reconciler/engine"

// faults is what goes wrong.
type faults struct {
	down     bool
	silent   bool
	loss     float64
	coming   map[string][]error // call → what its next calls return
	hung     map[string]bool    // by ID
	idle     map[string]bool    // ID: calls succeed and do nothing
	released chan struct{}      // closed when hung changes
}

func newFaults() faults {
	return faults{coming: map[string][]error{}, hung: map[string]bool{}, idle: map[string]bool{}, released: make(chan struct{})}
}

// next is the error that the call was told to return, if any.
func (f *faults) next(call string) error {
	coming := f.coming[call]
	if len(coming) == 0 {
		return nil
	}
	f.coming[call] = coming[1:]
	return coming[0]
}

// FailNext makes the next call of that method return the error; more of them,
// one after the other. The methods are called as in Calls: info, list, inspect,
// start, stop, restart, unpause, reconnect, holder, events, logs.
func (e *Engine) FailNext(call string, err error) {
	switch call {
	case "info", "list", "inspect", "start", "stop", "restart", "unpause", "reconnect", "holder", "events", "logs":
	default:
		panic("sim: no call " + call)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults.coming[call] = append(e.faults.coming[call], err)
}

// Hang lets calls that name the container wait, until Release or their end.
func (e *Engine) Hang(ref string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults.hung[e.idOf(ref)] = true
}

// Release lets the calls go on that Hang held.
func (e *Engine) Release(ref string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.faults.hung, e.idOf(ref))
	close(e.faults.released)
	e.faults.released = make(chan struct{})
}

// Idle makes calls to the container succeed without any effect, or ends that.
func (e *Engine) Idle(ref string, idle bool) {
	e.must(ref, func(c *box) { e.faults.idle[c.ID] = idle })
}

// Silence keeps streams open and delivers nothing on them, or ends that.
func (e *Engine) Silence(silent bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults.silent = silent
}

// Lose drops events with that probability.
func (e *Engine) Lose(probability float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults.loss = probability
}

// Down ends the engine, and with it all containers and streams.
func (e *Engine) Down() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tick()
	e.faults.down = true
	for _, c := range e.sorted() {
		if c.State.Alive() {
			e.halt(c)
		}
	}
	for _, r := range e.readers {
		r.closed = true
		r.more.Broadcast()
	}
	close(e.faults.released)
	e.faults.released = make(chan struct{})
}

// Up brings the engine back: containers with a restart policy run again, those
// that remove themselves are removed (moby: daemon/daemon.go).
func (e *Engine) Up() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults.down = false
	for _, c := range e.sorted() {
		switch {
		case c.AutoRemove: // even if it was never started
			e.remove(c)
		case c.spec.Always && c.State == engine.StateExited:
			e.run(c)
		}
	}
}
