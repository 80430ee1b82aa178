package plan

import (
	"time"

	"reconciler/engine"
)

// Exit is how a container's run ended, and when, by the engine's clock. The zero
// value: none was seen.
type Exit struct {
	At   time.Time
	Code int
}

// ExitOf is how the container's last run ended, as one look shows it: of what
// runs the engine tells no code. Zero: it runs, or never did.
func ExitOf(c engine.Container) Exit {
	if c.State.Alive() && c.State != engine.StateRestarting {
		return Exit{}
	}
	return Exit{c.FinishedAt, c.ExitCode}
}

// last is the later of two exits.
func (e Exit) last(other Exit) Exit {
	if other.At.After(e.At) {
		return other
	}
	return e
}
