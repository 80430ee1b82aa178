// Package desired owns what should be: state.yaml parsed, checked, edited in
// place, watched, and kept as revisions in the data directory. It never asks
// an engine anything.
//
// Document and everything in it is immutable after Parse and may be shared by
// any number of goroutines; Store may be called by any number of goroutines.
package desired

import "time"

// State is what one service should be. The zero value is invalid.
type State string

// The states a service can be asked to be in.
const (
	Running   State = "running"
	Stopped   State = "stopped"
	Absent    State = "absent"    // its containers removed; needs a definition
	Completed State = "completed" // a job: run until it exits 0, then done
)

// States is the closed set of State, in the order in which it is shown.
func States() []State { return []State{Running, Stopped, Absent, Completed} }

// Document is one accepted state.yaml, version 1, with all defaults filled in.
type Document struct {
	Project       string
	Compose       *Compose // nil: services are existing containers, start and stop only
	ContainerName string   // template with {service}; empty: none
	Groups        []Group  // in file order
	Services      []Service

	// Digest is the hex SHA-256 of the bytes, the ETag of the document.
	Digest string
	// Source is the document as read; nobody may change it.
	Source []byte

	index    map[string]int
	groupsOf map[string][]string // by service
}

// Service returns the service of that name, and whether the file lists it.
func (d *Document) Service(name string) (Service, bool) {
	i, ok := d.index[name]
	if !ok {
		return Service{}, false
	}
	return d.Services[i], true
}

// Group returns the members of the group of that name, and whether there is one.
func (d *Document) Group(name string) ([]string, bool) {
	for _, g := range d.Groups {
		if g.Name == name {
			return g.Services, true
		}
	}
	return nil, false
}

// GroupsOf returns the names of the groups that list the service, in file order.
func (d *Document) GroupsOf(service string) []string { return d.groupsOf[service] }

// Compose names the files that define the services.
type Compose struct {
	Files            []string
	EnvFiles         []string
	ProjectDirectory string
}

// Group is a named set of services for batch flips.
type Group struct {
	Name     string
	Services []string
}

// Service is what the file says of one service, defaults included. Durations
// are never negative.
type Service struct {
	Name           string
	State          State
	Job            bool   // run to completion; State is Completed, Stopped or Absent then
	ComposeService string // the name in Compose's labels and in the template; default Name
	Container      string // adopt exactly the container of this name; empty: find it
	Replicas       int    // as written; 0: not written
	OnUnhealthy    OnUnhealthy
	UnhealthyGrace time.Duration
	OnPaused       OnPaused
	Settle         time.Duration
	RestartBackoff RestartBackoff
	Retry          Retry
	// StopGracePeriod is how long a stop waits before SIGKILL; negative (the
	// default): the container's own.
	StopGracePeriod  time.Duration
	ProgressDeadline time.Duration
	Suspend          *Suspend // nil: not suspended
}

// OnUnhealthy says what to do with a container that stays unhealthy.
type OnUnhealthy string

// The choices of on_unhealthy; restart is the default.
const (
	UnhealthyRestart OnUnhealthy = "restart"
	UnhealthyIgnore  OnUnhealthy = "ignore"
)

// OnPaused says what to do with a container that somebody paused.
type OnPaused string

// The choices of on_paused; ignore is the default (backup scripts pause).
const (
	PausedIgnore  OnPaused = "ignore"
	PausedUnpause OnPaused = "unpause"
)

// RestartBackoff bounds how fast a crashing container is started again: the
// first time at once, then after Initial, doubling up to Max, forgotten once
// it ran for ResetAfter (the kubelet's numbers: KEP-4603).
type RestartBackoff struct{ Initial, Max, ResetAfter time.Duration }

// Retry bounds how fast a failed call is tried again: after Initial, doubling
// up to Max.
type Retry struct{ Initial, Max time.Duration }

// Suspend holds a service: nothing is done to it. Whether it still does is told
// by Service.At.
type Suspend struct {
	Until  time.Time // zero: until somebody resumes it
	Reason string
	By     string
}

// defaultService is a service of which the file says nothing but its name.
// The numbers are those of the public contract (docs/state.md).
func defaultService(name string) Service {
	return Service{
		Name:             name,
		ComposeService:   name,
		OnUnhealthy:      UnhealthyRestart,
		UnhealthyGrace:   30 * time.Second,
		OnPaused:         PausedIgnore,
		Settle:           3 * time.Second,
		RestartBackoff:   RestartBackoff{Initial: 10 * time.Second, Max: 5 * time.Minute, ResetAfter: 10 * time.Minute},
		Retry:            Retry{Initial: time.Second, Max: time.Minute},
		StopGracePeriod:  -1,
		ProgressDeadline: 10 * time.Minute,
	}
}
