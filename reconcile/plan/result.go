package plan

import (
	"time"

	"reconciler/engine"
)

// Result is how an engine call for an Action ended.
type Result struct {
	Action Action
	Before engine.Container // as it was when the call was decided
	Err    error            // nil also where there was nothing left to do
	// Holder is who has the port for which a start was refused; nil: not known.
	Holder *engine.Holder
	// Lost are the networks that it took away and that could not be put back.
	Lost Lost
	// Void: the call says nothing about the container: it had gone (Err is nil
	// then), or the engine didn't answer.
	Void bool
	// Unseen: what came of it could not be looked at.
	Unseen bool
	Hands  engine.Hands // what messages tell a person to type
	Now    time.Time
}

// unanswered: the engine didn't answer, so nobody knows whether the call was
// made.
func (r *Result) unanswered() bool { return r.Void && r.Err != nil }

// gone: there was no container to make the call to.
func (r *Result) gone() bool { return r.Void && r.Err == nil }

func (r *Result) succeeded() bool { return !r.Void && r.Err == nil }

// Lost are networks that a container has lost, and why they could not be put
// back. The zero value: none.
type Lost struct {
	Networks []engine.Network
	Why      error
}
