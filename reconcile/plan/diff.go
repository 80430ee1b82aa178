package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

// otherToolLimit is how long a replacement that another tool began is waited
// for, from our first sight of it; then it is taken for abandoned. stuckAfter
// is how long the engine may take to remove a container. Both are rules of the
// public contract (docs/state.md).
const (
	otherToolLimit = 60 * time.Second
	stuckAfter     = 10 * time.Second
	settleLimit    = 60 * time.Second
)

// Around is what a decision needs to know besides the service and its
// containers. The zero value: nothing is known, and the host's budget of crash
// restarts is used up.
type Around struct {
	// Since is when the view of the world became whole, again or for the first
	// time. What died before it was not seen dying.
	Since time.Time
	// Seen is when a container was first seen, and Touched what others did to
	// it; both by container ID.
	Seen    map[string]time.Time
	Touched map[string]Touch
	// Project is that of the service.
	Project string
	// InFlight are the calls under way to replicas of the service, whether their
	// containers exist yet or not.
	InFlight map[engine.Target]engine.Verb
	Budget   Budget
	// Self are the containers that this program itself depends on, by ID
	// (own.Guarded); they are never stopped or restarted.
	Self map[string]own.Guard
	// Hands are what messages tell a person to type.
	Hands engine.Hands
	// Neighbours are the services of the project, this one included.
	Neighbours own.Neighbours
	// DryRun: what would be done is said, and no action is decided.
	DryRun bool
}

// target names a replica of the service.
func (a Around) target(s desired.Service, number int) engine.Target {
	return engine.Target{Key: desired.Key{Project: a.Project, Service: s.Name}, Number: number}
}

// Touch is what others did to a container: from First to Last they sent it
// signals other than SIGKILL, created or destroyed it.
type Touch struct{ First, Last time.Time }

// Budget is how many crash restarts the host may still begin now, and when
// there will be one more.
type Budget struct {
	Free int
	Next time.Time
}

// Diff decides what to do now about one service, given what it owns. It
// changes none of its arguments; the Plan's Past is what it must be given next
// time. The same arguments always give the same Plan.
func Diff(service desired.Service, have own.Holding, around Around, past Past, now time.Time) Plan {
	d := decision{service: service, around: around, replicas: have.Replicas, inTheWay: have.InTheWay, now: now}
	d.past = past.observe(service, have, around, now)
	d.plan = Plan{Service: service.Name}
	for _, w := range have.Warnings {
		d.plan.Warnings = append(d.plan.Warnings, w.Message())
	}

	d.dependencies()
	if note, until := d.otherTool(have.Replacing); note.Reason != "" {
		d.hold(verdict{Status: StatusWaiting, idle: StatusWaiting, Reconciling: note, next: until, untimed: true, asWanted: d.serve(have.Replicas)})
	} else if have.Trouble.Kind != "" {
		d.hold(verdict{Status: StatusUnknown, idle: StatusUnknown, Stalled: troubled(have.Trouble)})
	} else if have.Hidden.Kind != "" {
		d.hold(verdict{Status: StatusUnknown, idle: StatusUnknown, Reconciling: Note{ReasonRetry, have.Hidden.Message()}})
	} else {
		d.decide(have.Replicas)
	}
	return d.conclude(have.Replicas)
}

// decide heeds what the file asks for, as far as it is known here.
func (d *decision) decide(replicas []own.Replica) {
	switch d.service.State {
	case desired.Running, desired.Stopped, desired.Completed:
		d.walk(replicas)
	case desired.Absent: // nothing here removes
		d.hold(d.unasked())
	default:
		d.hold(d.unasked())
	}
}

// decision is one run of Diff.
type decision struct {
	service  desired.Service
	around   Around
	replicas []own.Replica
	inTheWay map[string]own.Obstacle
	past     Past
	now      time.Time
	verdicts []verdict // one for each wanted replica, the missing ones too
	surplus  []verdict // for what should not run beside them
	plan     Plan
}

// verdict is the decision about one replica, or about all at once.
type verdict struct {
	Action      Action // zero: none
	cause       Cause  // what is not as wanted, also where nothing is done yet
	Status      Status
	idle        Status // the status if nothing is done, as while suspended
	Reconciling Note
	Stalled     Note
	Unready     Note // why not ready although it runs; zero: nothing against it
	Message     string
	next        time.Time
	attempt     time.Time // when the next call is made, where that is known
	asWanted    bool      // it runs, is done, or is stopped, as the file asks
	untimed     bool      // others are at work: the progress deadline doesn't run
}

func (d *decision) hold(v verdict) { d.verdicts = append(d.verdicts, v) }

// otherTool reports the replacement that another tool is about to finish, and
// until when it is waited for.
func (d *decision) otherTool(replacing []engine.Container) (Note, time.Time) {
	for _, c := range replacing {
		seen, ok := d.around.Seen[c.ID]
		if !ok {
			seen = d.now
		}
		if until := seen.Add(otherToolLimit); d.now.Before(until) {
			return Note{ReasonOtherTool, fmt.Sprintf("another tool is replacing a container of it by %s; waiting for it until %s", c.Name, d.clock(until))}, until
		}
		d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf("%s looks like another tool's unfinished replacement: left alone", c.Name))
	}
	return Note{}, time.Time{}
}

// serve reports whether as many run as are wanted, and none is unhealthy or may
// become so.
func (d *decision) serve(replicas []own.Replica) bool {
	ordered := d.order(replicas)
	want := d.wanted(len(ordered))
	return d.service.State == desired.Running && want <= len(ordered) && !slices.ContainsFunc(ordered[:want], func(r own.Replica) bool {
		return !r.Container.Running() || r.Container.Health != engine.HealthNone && r.Container.Health != engine.HealthHealthy
	})
}

// walk decides about each container, wanted or surplus, and about those that
// are missing.
func (d *decision) walk(replicas []own.Replica) {
	ordered := d.order(replicas)
	want := d.wanted(len(ordered))
	budget := d.around.Budget.Free
	for _, r := range ordered[:min(want, len(ordered))] {
		v := d.replica(r.Container, &budget)
		d.hold(v)
	}
	for _, r := range ordered[min(want, len(ordered)):] {
		d.tooMany(r.Container)
	}
	if short := want - len(ordered); short > 0 {
		d.missing(len(ordered), want)
	}
}

// order puts what runs before what lives, and that before the rest, each by
// number: the first of them are the wanted ones.
func (d *decision) order(replicas []own.Replica) []own.Replica {
	ordered := slices.Clone(replicas)
	slices.SortStableFunc(ordered, func(a, b own.Replica) int {
		return cmp.Or(cmp.Compare(d.liveliness(a), d.liveliness(b)), cmp.Compare(a.Number, b.Number))
	})
	return ordered
}

func (d *decision) liveliness(r own.Replica) int {
	verb := d.around.InFlight[d.around.target(d.service, r.Number)]
	switch {
	case r.Container.Running(), verb.Traits().Begins: // about to run
		return 0
	case r.Container.State.Alive():
		return 1
	}
	return 2
}

// wanted is how many of the service's containers the desired state is about.
func (d *decision) wanted(exist int) int {
	switch {
	case d.service.State == desired.Stopped:
		return exist
	case d.service.Job:
		return 1
	case d.service.Replicas > 0:
		return d.service.Replicas
	}
	return max(1, d.past.Replicas)
}

// tooMany decides about a container beyond the wanted ones.
func (d *decision) tooMany(c engine.Container) {
	rec := d.record(c)
	rec.asked = rec.asked.withdrawn() // only the wanted ones are restarted
	d.keep(c, rec)
	if !c.State.Known() {
		d.surplus = append(d.surplus, d.strange(c))
		return
	}
	if !c.State.Alive() {
		return
	}
	if d.service.Replicas == 0 {
		d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf(
			"%s is one more than the %d that ran when %s was first seen: left alone; to have it stopped, write replicas: %[2]d",
			c.Name, d.wanted(0), d.service.Name))
		return
	}
	if word := rec.unknown(); word != "" {
		d.surplus = append(d.surplus, muddled(c, word))
		return
	}
	d.surplus = append(d.surplus, d.stop(c, CauseSurplus))
}

// Wanted returns the IDs of the containers of a service that the desired state
// is about now, at most as many as there are.
func Wanted(service desired.Service, have own.Holding, around Around, past Past) []string {
	d := decision{service: service, around: around, past: past}
	ordered := d.order(have.Replicas)
	var ids []string
	for _, r := range ordered[:min(d.wanted(len(ordered)), len(ordered))] {
		ids = append(ids, r.Container.ID)
	}
	return ids
}

// Desired returns how many containers of the service should run, as far as that
// can be said without a look at them.
func Desired(service desired.Service, past Past) int {
	switch {
	case service.State == desired.Running:
		return (&decision{service: service, past: past}).wanted(0)
	case service.State == desired.Completed && past.Done == "":
		return 1 // until it is done
	}
	return 0
}

// missing says that containers are wanted that don't exist.
func (d *decision) missing(exist, want int) {
	if d.service.Job && d.past.Done != "" {
		d.hold(verdict{Status: StatusCompleted, idle: StatusCompleted, asWanted: true, Message: "finished; its container is gone"})
		return
	}
	by := d.around.Hands
	what := fmt.Sprintf("%s has no container, and nothing here says how to create one: %s, or remove it from the file",
		d.service.Name, by.Create.Aside("create it", d.service.ComposeService))
	switch {
	case exist > 0:
		what = fmt.Sprintf("%d of %d containers exist: %s, or write replicas: %[1]d", exist, want, by.Scale.Aside("create the others", ""))
	case d.service.Container != "":
		what = fmt.Sprintf("there is no container %s: create it, or correct `container:`", d.service.Container)
	}
	for range want - exist {
		d.hold(verdict{Status: StatusMissing, idle: StatusMissing, Stalled: Note{ReasonMissing, what}})
	}
}

// troubled is the reason of what ownership can't tell.
func troubled(t own.Trouble) Note {
	if t.Kind == own.NameTaken {
		return Note{ReasonNameConflict, t.Message()}
	}
	return Note{ReasonAmbiguous, t.Message()}
}

func (d *decision) clock(t time.Time) string { return t.In(d.now.Location()).Format(time.TimeOnly) }
