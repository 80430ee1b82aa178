package reconcile

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
	"reconciler/reconcile/plan"
)

// Carry makes the call, looks at the result and remembers it. It returns the
// services that should be decided about now, the call's own first. It blocks
// for as long as the call does: for a stop, up to the container's grace.
func (r *Reconciler) Carry(ctx context.Context, call Call) []string {
	began := r.opt.Now()
	if call.look != "" {
		if r.opt.World.Refresh(ctx, call.look) == nil { // else the decision asks again
			r.mu.Lock()
			r.keep(call.Service, r.past(call.Service).Looked(call.look, began))
			r.mu.Unlock()
		}
		return []string{call.Service}
	}
	a := call.Action
	began, err := r.make(ctx, call)
	if errors.Is(err, errOvertaken) {
		return []string{call.Service}
	}
	took := r.opt.Now().Sub(began)

	result := plan.Result{Action: a, Before: call.before, Err: err}
	outcome := OutcomeOK
	switch {
	case errors.Is(err, engine.ErrNotFound):
		outcome, result.Err, result.Void = OutcomeGone, nil, true
	case err != nil:
		outcome = OutcomeError
		result.Void = errors.Is(err, engine.ErrUnavailable)
	}
	result.Unseen = r.opt.World.Refresh(ctx, a.ID) != nil
	if result.Err != nil {
		result.Lost = r.putBack(ctx, call)
		result.Holder = r.holder(ctx, call, err)
	}
	result.Now = r.opt.Now()

	r.mu.Lock()
	past := r.past(call.Service)
	pending := past.RestartPending()
	past = past.After(result, call.config.Retry)
	r.keep(call.Service, past)
	if call.turn != nil {
		r.budget.made(call.turn, result.Now)
	}
	if t := r.services[call.Service]; t != nil && pending {
		if a.Verb.Traits().Renews() && a.Cause == plan.CauseRequested && result.Err != nil && !result.Void {
			t.acts.fail(past.Trouble(a.ID).Message)
		}
		if !past.RestartPending() {
			t.acts.Ended++
		}
	}
	delete(r.inFlight, a.ID)
	told := Event{
		Time: began, Kind: KindAction, Service: call.Service, Container: a.Container,
		Verb: a.Verb, Cause: a.Cause, Outcome: outcome, Err: err, Took: took,
	}
	if outcome == OutcomeError {
		why := past.Trouble(a.ID)
		told.Reason, told.Message = why.Reason, why.Message
	}
	var following []string
	var left []Event
	if a.Verb.Traits().Renews() && err == nil {
		following, left = r.follow(call.config)
	}
	r.mu.Unlock()
	r.record(append([]Event{told}, left...))
	return append([]string{call.Service}, following...)
}

// errOvertaken: the call wasn't made, for the file says something else by now,
// or isn't ours any more.
var errOvertaken = errors.New("overtaken by an edit")

// make makes the call when its turn has come, and returns when that was. The
// decision may be older by then than the file, and than what is guarded.
func (r *Reconciler) make(ctx context.Context, call Call) (began time.Time, err error) {
	leave, err := r.lanes.enter(ctx, call.Action)
	began = r.opt.Now()
	if err != nil {
		return began, err
	}
	defer leave()
	if r.overtaken(call) {
		return began, errOvertaken
	}
	if err := r.opt.Desired.Held(); err != nil { // another process may be at it
		r.heed(err, began)
		r.mu.Lock()
		r.giveBack(call)
		r.mu.Unlock()
		return began, errOvertaken
	}
	if err := r.guard(call.Action); err != nil {
		return began, err
	}
	defer r.opt.World.Expect(call.Action.ID, call.Action.Verb)()
	return began, call.Action.Verb.CarryOut(ctx, r.opt.Engine, call.Action.ID, grace(call))
}

// overtaken gives up a call that waited for its turn while the file came to say
// something else about the service, and reports whether it did.
func (r *Reconciler) overtaken(call Call) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, listed := r.opt.Desired.Snapshot().Document.Service(call.Service)
	if listed && reflect.DeepEqual(s, call.config) {
		return false
	}
	r.giveBack(call)
	return true
}

// keep remembers what came of a call, unless the service has left the file
// meanwhile; the caller holds r.mu.
func (r *Reconciler) keep(service string, past plan.Past) {
	if r.services[service] != nil {
		r.pasts[service] = past
	}
}

// guard refuses each call to what this program runs in or depends on, but those
// that the table of verbs calls harmless: one that it doesn't know isn't.
func (r *Reconciler) guard(a plan.Action) error {
	if a.Verb.Traits().Harmless() {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	why := r.owned(r.opt.Desired.Snapshot().Document, r.opt.World.View()).self[a.ID]
	switch {
	case why == "":
		return nil
	case a.Verb == engine.VerbStop:
		return fmt.Errorf("%w: %s", ErrGuarded, own.NotStopped(a.Container, why))
	case a.Verb == engine.VerbRestart:
		return fmt.Errorf("%w: %s", ErrGuarded, own.NotRestarted(a.Container, why))
	}
	return fmt.Errorf("%w: %s is %s: %q is not done to it from here", ErrGuarded, a.Container, why, a.Verb)
}

// putBack connects the container again to the networks that a start which failed
// has taken away (moby#51758), and looks again. It returns those that it could
// not put back.
func (r *Reconciler) putBack(ctx context.Context, call Call) plan.Lost {
	id := call.Action.ID
	known := r.opt.World.View().Containers
	i := slices.IndexFunc(known, func(c engine.Container) bool { return c.ID == id })
	if i < 0 || known[i].State.Alive() || !known[i].State.Known() {
		return plan.Lost{}
	}
	lost := engine.Missing(call.before.Networks, known[i].Networks)
	if len(lost) == 0 {
		return plan.Lost{}
	}
	err := r.opt.Engine.Reconnect(ctx, id, lost)
	_ = r.opt.World.Refresh(ctx, id) // else it is tried again by itself
	if err == nil {
		return plan.Lost{}
	}
	return plan.Lost{Networks: lost, Why: err}
}

// holder finds who has the port for which the call was refused; nil: it was
// refused for something else, or nobody can say.
func (r *Reconciler) holder(ctx context.Context, call Call, err error) *engine.Holder {
	var refusal *engine.Refusal
	if !errors.As(err, &refusal) || refusal.Kind != engine.PortTaken {
		return nil
	}
	holder, err := r.opt.Engine.Holder(ctx, plan.Asked(call.before, refusal.Port))
	if err != nil {
		return nil // the call's own error is what matters
	}
	return &holder
}

// follow asks for the restart of the services whose depends_on says
// `restart: true` of one that we restarted. It returns them, and which
// containers of them are left running; the caller holds r.mu.
func (r *Reconciler) follow(restarted desired.Service) (names []string, left []Event) {
	around := r.own.around
	around.All(func(service string, n own.Neighbour) {
		follows := slices.ContainsFunc(n.DependsOn, func(d engine.Dependency) bool {
			return d.Restart && d.Service == restarted.ComposeService && around.Cycle(service, d) == nil
		})
		if want := n.Want.At(r.opt.Now()); !follows || want.State != desired.Running || want.Held {
			return
		}
		var running []string
		for _, c := range n.Containers {
			switch why := r.own.self[c.ID]; {
			case !c.Running():
			case why != "":
				left = append(left, Event{
					Time: r.opt.Now(), Kind: KindWarning, Service: n.Name,
					Message: fmt.Sprintf("not restarted after %s: %s", restarted.Name, own.NotRestarted(c.Name, why)),
				})
			default:
				running = append(running, c.ID)
			}
		}
		past := r.past(n.Name)
		if len(running) > 0 && !past.RestartPending() {
			r.pasts[n.Name] = past.AskRestart(running)
			names = append(names, n.Name)
		}
	})
	return names, left
}

// grace is how long a stop waits before it kills: what the file says, else
// what the container says, else the engine's default.
func grace(call Call) time.Duration {
	switch {
	case call.config.StopGracePeriod >= 0:
		return call.config.StopGracePeriod
	case call.before.StopTimeout > 0:
		return call.before.StopTimeout
	}
	return -1
}
