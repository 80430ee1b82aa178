package enginetest

import (
	"testing"
	"time"

	"reconciler/engine"
)

// Mode is what the process of a container does.
type Mode string

// The modes.
const (
	ModeSleep      Mode = ""            // runs until it is asked to stop, and ends then, not with 137
	ModeExit       Mode = "exit"        // ends by itself, as soon as it can, with Spec.Code
	ModeIgnoreTerm Mode = "ignore-term" // runs until it is killed
	ModeBroken     Mode = "broken"      // there is no such command, so that no start succeeds
)

// Spec is a container to create. The zero value but for the name is one that
// sleeps once it is started, in the world's project.
type Spec struct {
	Name        string // from World.Name
	Foreign     bool   // without the project's label
	Labels      map[string]string
	Mode        Mode
	Code        int           // of ModeExit
	AutoRemove  bool          // --rm
	Always      bool          // the restart policy `always`
	Healthy     bool          // it has a healthcheck, which succeeds soon after each start
	StopTimeout time.Duration // its own grace, in whole seconds; 0: it names none
	// Says are lines that its process writes at each start, of ModeExit before
	// it ends; those that begin with "error" go to the standard error. A
	// process of ModeSleep writes something at its start and when it is asked
	// to stop in any case.
	Says []string
	TTY  bool // it has a terminal, where the engine knows such a thing
	Mute bool // the engine keeps nothing of what it writes: log driver "none"
	// Publish is a TCP port of the host's loopback that a start binds; 0: none.
	Publish int
	// Networks is how many networks it is in that nobody else is in, in each
	// with a name and an address that it asked for, where the engine knows such
	// things; 0: as the world thinks fit.
	Networks int
	Joins    string // the ID of the container whose network it shares; empty: none
}

// World is an engine, and the hands of somebody else who uses it too. A hand
// that fails ends the test.
type World interface {
	Engine() engine.Engine
	// Project is the Compose project of all that Create makes, and of nothing
	// else on the engine.
	Project() string
	// Name returns a name that no other run of the suite uses.
	Name(suffix string) string

	// Port returns a port that nobody has.
	Port(t testing.TB) int

	// Create makes a container, doesn't start it, and removes it when the test
	// ends.
	Create(t testing.TB, s Spec) (id string)
	// HandStart starts it, if it doesn't run, and returns once its process
	// takes signals as its mode says: one that comes earlier may be lost, or
	// end what would ignore it.
	HandStart(t testing.TB, id string)
	HandStop(t testing.TB, id string)
	Kill(t testing.TB, id string, signal int)
	Pause(t testing.TB, id string)
	Unpause(t testing.TB, id string)
	Rename(t testing.TB, id, name string)
	// Disconnect takes it out of all its networks.
	Disconnect(t testing.TB, id string)
	// Remove removes it even if it runs, as `docker rm -f` does.
	Remove(t testing.TB, id string)
}
