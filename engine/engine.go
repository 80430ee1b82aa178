// Package engine is the port to the containers: what one container looks like,
// the few calls that reconciler makes, and the errors that these calls may
// return. It owns no connection and keeps no state; engine/docker and
// engine/sim implement it, and engine/enginetest holds both to this text.
//
// Every method of an Engine may be called by many goroutines at once.
package engine

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"
)

// The errors of the port. An implementation wraps one of them (errors.Is) with
// the operation, the subject and the engine's own words. An error that wraps
// none of them is a refusal for a reason that only its text tells.
var (
	// ErrNotFound: there is no such container.
	ErrNotFound = errors.New("no such container")
	// ErrConflict: the container's state forbids the call, now (Docker's 409):
	// it is being removed, or it is paused where it must not be.
	ErrConflict = errors.New("conflict with the container's state")
	// ErrInvalid: the engine can't do this with this container as it is: its
	// command, mount, network or port is refused (Docker's 400, 404 or 500 on
	// start). Trying again helps only once something else has changed.
	ErrInvalid = errors.New("refused by the engine")
	// ErrUnavailable: the engine did not answer: no socket, refused, hung up,
	// speaking an unsupported API version, or past the call's deadline. It
	// says nothing about the container, and whether the call took effect is
	// unknown.
	ErrUnavailable = errors.New("engine unavailable")
	// ErrBusy: the call was not made, for as many of its kind are under way as
	// there may be. It says nothing about the engine.
	ErrBusy = errors.New("too many calls at once")
)

// State is the engine's word for what a container is doing. The zero value
// means that nothing is known.
type State string

// The states that the Docker API reports (moby: api/types/container/state.go).
const (
	StateCreated    State = "created"
	StateRunning    State = "running"
	StatePaused     State = "paused"
	StateRestarting State = "restarting"
	StateRemoving   State = "removing"
	StateExited     State = "exited"
	StateDead       State = "dead"
)

// States is the closed set of State.
func States() []State {
	return []State{StateCreated, StateRunning, StatePaused, StateRestarting, StateRemoving, StateExited, StateDead}
}

// Known reports whether the state is of the closed set. A container in another
// one is left alone: it is neither Alive nor known not to be.
func (s State) Known() bool { return slices.Contains(States(), s) }

// Alive reports whether a process of the container exists or is about to,
// which is what has to be stopped when the container should not run.
func (s State) Alive() bool {
	return s == StateRunning || s == StatePaused || s == StateRestarting
}

// Health is the result of the container's own healthcheck; the zero value
// means that it has none.
type Health string

// The healthcheck results that the Docker API reports.
const (
	HealthNone      Health = ""
	HealthStarting  Health = "starting"
	HealthHealthy   Health = "healthy"
	HealthUnhealthy Health = "unhealthy"
)

// Healths is the closed set of Health.
func Healths() []Health { return []Health{HealthNone, HealthStarting, HealthHealthy, HealthUnhealthy} }

// Port is one published port.
type Port struct {
	HostIP    string `json:"host_ip,omitempty"`
	Host      int    `json:"host"`
	Container int    `json:"container"`
	Protocol  string `json:"protocol"` // tcp, udp or sctp
}

// Summary is what a list tells of one container: enough to see that something
// changed and to whom the container belongs, never enough to act on.
type Summary struct {
	ID     string
	Name   string // without the leading slash
	Image  string
	Claim  Claim
	State  State
	Health Health // HealthNone also where the engine's list doesn't tell it
}

// Container is what an inspect tells of one container. It is a value: nobody
// changes it, its Claim or its Ports after it was returned.
type Container struct {
	Summary

	PID        int // 0 while no process runs
	ExitCode   int // of the last run; meaningless while State is created or Alive
	OOMKilled  bool
	Error      string // the engine's words for why the last start failed, MaxError bytes at most; mostly empty
	CreatedAt  time.Time
	StartedAt  time.Time // zero: never started
	FinishedAt time.Time // zero: never exited
	Restarts   int       // how often the engine's own restart policy restarted it
	AutoRemove bool      // --rm: stopping it removes it

	// StopTimeout is the container's own grace before SIGKILL; 0 means that it
	// names none, and the engine's default of 10 s holds
	// (moby: daemon/config/config_linux.go).
	StopTimeout time.Duration
	Ports       []Port // that are bound now; none while it doesn't run
	// Addresses are those that it has in its networks now, in order; none while
	// it doesn't run, or where its network namespace is another's.
	Addresses []netip.Addr

	// HealthAt is when the healthcheck ended that Health is the result of;
	// zero: none has ended since it was started.
	HealthAt time.Time
	// Publishes is what it binds when it is started. A Host of 0 is any port
	// that is free then.
	Publishes []Port
	Mounts    []Mount
	// Shares are the IDs, or names, of the containers whose network, IPC or PID
	// namespace it joins when it is started; mostly none.
	Shares []string
	// Networks are those that it is connected to, by name, whether it runs or not;
	// none where its network namespace is another's.
	Networks []Network
	// Unplugged: a start that failed took all its networks away, and the next
	// would succeed and leave it without any (moby#51758: engines from 29 on).
	Unplugged bool
}

// Mount is a piece of the host's storage that other containers could have, too.
type Mount struct {
	Volume   bool   // Source is a named volume; else it is a path of the host
	Source   string // never empty
	Target   string // where the container has it
	ReadOnly bool
}

// Running reports whether the container's process runs and isn't paused.
func (c *Container) Running() bool { return c.State == StateRunning }

// Event says that something happened to a container. It names, it is no fact:
// whoever needs the facts inspects. The engine drops events when it must
// (see observed).
type Event struct {
	ID      string
	Name    string // the name when the event was written
	Claim   Claim  // the container's
	Action  Action
	Signal  int // of a kill; 0 otherwise
	Time    time.Time
	OldName string // of a rename; empty otherwise
}

// Action is the engine's word for what happened.
type Action string

// The actions that Events delivers. Others, exec_* above all (a healthcheck
// makes three each time), are never subscribed to.
const (
	ActionCreate  Action = "create"
	ActionStart   Action = "start"
	ActionKill    Action = "kill" // a signal was sent, whatever it does
	ActionDie     Action = "die"
	ActionOOM     Action = "oom"
	ActionPause   Action = "pause"
	ActionUnpause Action = "unpause"
	ActionRename  Action = "rename"
	ActionDestroy Action = "destroy"
	ActionHealth  Action = "health_status"
)

// Actions is the closed set of what Events delivers, for whoever needs one
// value a member (metrics).
func Actions() []Action {
	return []Action{
		ActionCreate, ActionStart, ActionKill, ActionDie, ActionOOM, ActionPause,
		ActionUnpause, ActionRename, ActionDestroy, ActionHealth,
	}
}

// Info describes the engine at the other end.
type Info struct {
	Address    string // where it was found, e.g. unix:///var/run/docker.sock
	Version    string // the engine's own, e.g. 20.10.24
	APIVersion string // as negotiated, e.g. 1.41
	Server     Server // as seen when it was asked
	Hands      Hands  // what a person types where nothing here does it
}

// LogOptions says what of a container's log is wanted. The zero value wants
// nothing: Logs then only tells whether the log can be read.
type LogOptions struct {
	// Tail is how many of the lines that were written already are delivered:
	// the last ones, fewer if there are fewer. 0 or less: none. A line of more
	// than 16 KiB counts as several, as the engine keeps it.
	Tail int
	// Follow goes on with what is written from then on, until the process that
	// runs ends, even if it is restarted then. Where none runs, there is
	// nothing to follow.
	Follow bool
}

// Engine is a container engine. Each method is one call to it (Logs: two,
// Reconnect: one for each network), has a deadline of its own besides ctx, and returns ErrUnavailable when the engine
// can't be asked.
type Engine interface {
	// Info asks the engine who it is, and negotiates the API version anew.
	Info(ctx context.Context) (Info, error)

	// List returns all containers, running or not, that carry Compose's label
	// for the project, in no particular order; an empty project: all that the
	// engine has. An answer that was cut off is
	// ErrUnavailable, never a shorter list.
	List(ctx context.Context, project string) ([]Summary, error)

	// Inspect returns the container with this ID or exactly this name, or
	// ErrNotFound. A prefix of an ID or of a name finds nothing.
	Inspect(ctx context.Context, ref string) (Container, error)

	// Start starts a created or exited container. Running already: nil.
	// Errors: ErrNotFound, ErrConflict (paused, being removed), ErrInvalid,
	// which is a *Refusal then. When it returns nil the process was started; it
	// may have exited since.
	Start(ctx context.Context, id string) error

	// Stop sends the container's own stop signal, waits for grace, kills, and
	// returns once it has exited; a paused one is stopped too. A negative
	// grace means the container's own. Not running: nil. Errors: ErrNotFound,
	// ErrConflict.
	Stop(ctx context.Context, id string, grace time.Duration) error

	// Restart stops, as Stop does, and starts in one call; one that doesn't
	// run is just started. Errors: as Start.
	Restart(ctx context.Context, id string, grace time.Duration) error

	// Unpause lets a paused container go on. Not paused: nil. Errors:
	// ErrNotFound, ErrConflict.
	Unpause(ctx context.Context, id string) error

	// Reconnect connects a container that doesn't run to these networks again,
	// which it had at an earlier look and a start that failed took away. Those
	// that it has are left as they are. It connects what it can; that a network
	// is gone is told by the next start. Errors: ErrNotFound, ErrInvalid (the
	// engine can't connect it as it was).
	Reconnect(ctx context.Context, id string, networks []Network) error

	// Holder tells who has the port of the host now, to be asked when a start was
	// refused because it is taken: it costs a list of what runs. A container that
	// publishes it comes before a process; the zero Holder means that whoever has
	// it, if anybody, can't be named from here.
	Holder(ctx context.Context, p Port) (Holder, error)

	// Events blocks and calls deliver, from one goroutine and in order, for
	// each container event of the closed set Actions. It calls subscribed
	// once, when events that happen from then on will be delivered: whoever
	// lists after that misses nothing. deliver must return at once: an engine
	// whose reader waits slows down for all its users. It returns ctx's error
	// when ctx ends, else ErrUnavailable; there is no replay.
	Events(ctx context.Context, subscribed func(), deliver func(Event)) error

	// Logs blocks and calls deliver, from one goroutine and in order, with what
	// the container wrote to its standard output and standard error, merged in
	// the order in which the engine has them, byte for byte, without
	// timestamps. A chunk is any piece of that, not always whole lines; it has
	// 1 byte to 32 KiB, and is valid only during the call. deliver may take its
	// time; its error ends Logs and is returned as it is. Logs returns nil at
	// the log's end, and ctx's error when ctx ends; its own deadline is for the
	// answer and, unless it follows, for each piece. It finds what Inspect
	// finds. Errors: ErrNotFound, ErrConflict (dead, being removed), ErrInvalid
	// (a log driver, which the error names, that can't be read), ErrUnavailable
	// (also: this one broke off), ErrBusy. Those that follow and those that
	// don't have places of their own.
	Logs(ctx context.Context, id string, opt LogOptions, deliver func(chunk []byte) error) error
}
