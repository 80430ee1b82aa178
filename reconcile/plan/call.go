package plan

import (
	"time"

	"reconciler/desired"
	"reconciler/engine"
)

// noProgressLimit is how many calls may succeed without any effect before the
// service is Stalled (kimdre/doco-cd#788: endless redeploys).
const noProgressLimit = 3

// call is what is known of the last call to a container, and of how those before
// it fared. The zero value: nothing stands against another one.
type call struct {
	state callState
	// unseen is that call, if nobody could see yet what came of it: then what is
	// known of the container is older than the call, and means nothing.
	unseen engine.Verb
	before fingerprint // before it

	failures int       // in a row
	trouble  Note      // why it failed; zero unless the state is callFailed
	until    time.Time // the next one is not made before; zero: no matter when
	vain     int       // calls in a row that succeeded and changed nothing
}

// callState is what the last call means for the next one.
type callState string

const (
	callNothing  callState = ""         // nothing: none was made, or it had an effect
	callReturned callState = "returned" // it succeeded: the next look tells whether it had an effect
	callFailed   callState = "failed"   // it failed, or is refused: the next one has to wait
	// callInVain: too many have succeeded without any effect. There is no next one
	// until something happens to the container.
	callInVain callState = "in vain"
)

func (s callState) known() bool {
	switch s {
	case callNothing, callReturned, callFailed, callInVain:
		return true
	}
	return false
}

func (k call) look(l *look) call {
	if l.changed() {
		k.vain = 0
		if k.state == callInVain {
			k.state = callNothing
		}
	}
	if l.busy {
		return k
	}
	switch k.state {
	case callReturned:
		k.state = callNothing
		if k.before == l.print {
			k.vain++
		}
		if k.vain >= noProgressLimit {
			k.state = callInVain
		}
	case callFailed:
		if k.before != l.print && l.asWanted() { // it came to be so without that call
			k = k.mended()
		}
	case callNothing, callInVain:
	}
	return k
}

// after takes in how a call ended.
func (k call) after(r *Result, retry desired.Retry) call {
	k.unseen, k.before = "", fingerprintOf(&r.Before)
	if r.Unseen {
		k.unseen = r.Action.Verb
	}
	switch {
	case r.gone():
	case r.unanswered(): // not this container's fault, but don't hammer
		k.state, k.trouble = callFailed, r.Why()
		k.until = r.Now.Add(retry.Initial)
	case r.Err != nil:
		k.failures++
		k.state, k.trouble = callFailed, r.Why()
		k.until = r.Now.Add(jittered(doubling(retry.Initial, retry.Max, k.failures-1), r.Action.ID, k.failures))
	default:
		k = k.mended()
		k.state = callReturned
	}
	return k
}

// refused takes in that no call is made, to a container that looks so, and why.
func (k call) refused(before fingerprint, why Note) call {
	k.state, k.before, k.trouble = callFailed, before, why
	return k
}

// mended forgets the calls that failed.
func (k call) mended() call {
	k.state, k.failures, k.until, k.trouble = callNothing, 0, time.Time{}, Note{}
	return k
}

// forgiven forgets those that changed nothing, too.
func (k call) forgiven() call {
	k = k.mended()
	k.vain = 0
	return k
}
