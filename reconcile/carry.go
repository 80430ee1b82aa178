package reconcile

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"reconciler/desired"
	"reconciler/reconcile/plan"
)

// Carry makes the call, looks at the result and remembers it. It returns the
// services that should be decided about now, the call's own first. It blocks
// for as long as the call does: for a stop, up to the container's grace.
func (r *Reconciler) Carry(ctx context.Context, call Call) []desired.Key {
	if call.call == nil {
		r.refresh(ctx, call)
		return []desired.Key{call.Key}
	}
	began, err := r.make(ctx, call)
	if errors.Is(err, errOvertaken) {
		return r.opt.Host.end(call.flight, r.opt.Now())
	}
	took := r.since(began)
	result := call.call.Result(ctx, err)
	due, events := r.took(call, result)
	told := Event{
		Time: began, Kind: KindAction, Service: call.Service.Name, Container: result.Action.Container,
		Verb: result.Action.Verb, Cause: result.Action.Cause, Outcome: outcome(result), Err: err, Took: took,
	}
	if told.Outcome == OutcomeError {
		why := result.Why()
		told.Reason, told.Message = why.Reason, why.Message
	}
	r.record(append([]Event{told}, events...))
	return due
}

// refresh makes the look that was decided on. Where it fails, the decision asks
// for it again.
func (r *Reconciler) refresh(ctx context.Context, call Call) {
	began := r.opt.Now()
	if r.opt.Driver.Refresh(ctx, call.look) != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.entries[call.Key]; e != nil {
		r.remember(e, e.past.Looked(call.look, began))
	}
}

// errOvertaken: the call wasn't made, for the file says something else by now,
// or isn't ours any more.
var errOvertaken = errors.New("overtaken by an edit")

// make makes the call when its turn has come, and returns when that was. The
// decision may be older by then than the file.
func (r *Reconciler) make(ctx context.Context, call Call) (began time.Time, err error) {
	leave, err := r.opt.Host.enter(ctx, call.call.Action())
	began = r.opt.Now()
	if err != nil {
		return began, err
	}
	defer leave()
	if _, s, listed := r.listed(call.Key); !listed || !reflect.DeepEqual(s, call.Service) {
		return began, errOvertaken
	}
	if err := r.opt.Desired.Held(); err != nil { // another process may be at it
		r.heed(err, began)
		return began, errOvertaken
	}
	return began, call.call.Make(ctx)
}

// outcome is how the call ended.
func outcome(result plan.Result) Outcome {
	switch {
	case result.Err != nil:
		return OutcomeError
	case result.Void:
		return OutcomeGone
	}
	return OutcomeOK
}

// took takes in what came of the call, unless the service has left the file
// meanwhile. It returns the services that should be decided about now, and what is
// to be told.
func (r *Reconciler) took(call Call, result plan.Result) (due []desired.Key, events []Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	due = r.opt.Host.end(call.flight, result.Now)
	if e := r.entries[call.Key]; e != nil {
		was := e.past
		r.remember(e, was.After(result, call.Service.Retry))
		e.made(was, result)
	}
	if result.Action.Verb.Traits().Renews() && outcome(result) == OutcomeOK {
		following, left := r.follow(call.Service)
		return append(due, following...), left
	}
	return due, nil
}

// made ends the restart that was asked for if the call was it, or made it
// needless.
func (e *entry) made(was plan.Past, result plan.Result) {
	if !was.RestartPending() {
		return
	}
	if a := result.Action; a.Verb.Traits().Renews() && a.Cause == plan.CauseRequested && result.Err != nil && !result.Void {
		e.acts.fail(result.Why().Message)
	}
	if !e.past.RestartPending() {
		e.acts.Ended++
	}
}

// follow asks for the restart of the services whose depends_on says
// `restart: true` of one that we restarted. It returns them, and tells which
// containers of them are left running; the caller holds r.mu.
func (r *Reconciler) follow(restarted desired.Service) (following []desired.Key, left []Event) {
	doc := r.opt.Desired.Snapshot().Document
	for _, f := range r.looked(doc).Followers(restarted, r.opt.Now()) {
		for _, why := range f.Left {
			left = append(left, Event{
				Time: r.opt.Now(), Kind: KindWarning, Service: f.Service,
				Message: fmt.Sprintf("not restarted after %s: %s", restarted.Name, why),
			})
		}
		if e := r.entries[doc.Key(f.Service)]; e != nil && len(f.IDs) > 0 && !e.past.RestartPending() {
			r.remember(e, e.past.AskRestart(f.IDs))
			following = append(following, doc.Key(f.Service))
		}
	}
	return following, left
}
