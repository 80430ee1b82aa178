package api

import (
	"net/http"
	"time"

	"reconciler/desired"
	"reconciler/reconcile"
)

// The shortest and the longest suspension that has an end.
const (
	minSuspension = time.Second
	maxSuspension = 8760 * time.Hour
)

// suspendBody says until when; neither: until somebody resumes it.
type suspendBody struct {
	For    *string    `json:"for,omitempty"`    // a Go duration, from now on
	Until  *time.Time `json:"until,omitempty"`  // or a time
	Reason string     `json:"reason,omitempty"` // shown with it
}

// suspend holds the service: nothing is done to it.
func (s *server) suspend(r *http.Request) (reply, error) {
	var b suspendBody
	if err := readInto(r, &b, nil); err != nil {
		return nil, err
	}
	e, err := s.readEdit(r, b.Reason)
	if err != nil {
		return nil, err
	}
	until, err := b.end(s.now())
	if err != nil {
		return nil, err
	}
	change := desired.Change{
		Service: r.PathValue("service"),
		Suspend: &desired.Suspend{Until: until, Reason: e.by.Reason, By: e.by.Actor},
	}
	return s.change(r, e, desired.Flips(change), func(snap desired.Snapshot, _ bool) (judge, error) {
		return s.one(change.Service, func(n reconcile.Tracked) verdict {
			if n.ObservedGeneration < snap.Generation {
				return pending
			}
			return arrived // held is all that was asked for
		}), nil
	})
}

// resume ends the suspension, if there is one, and waits as other edits do for
// the service to be as the file says.
func (s *server) resume(r *http.Request) (reply, error) {
	return s.set(r, desired.Change{Resume: true}, "")
}

// end is when the suspension ends, to the second; zero: when somebody resumes.
func (b suspendBody) end(now time.Time) (time.Time, error) {
	refuse := func(format string, args ...any) (time.Time, error) {
		return time.Time{}, newProblem(http.StatusBadRequest, "malformed", format, args...)
	}
	latest := now.Add(maxSuspension)
	switch {
	case b.For != nil && b.Until != nil:
		return refuse("for and until exclude each other")
	case b.Until != nil:
		if until := *b.Until; until.After(now) && !until.After(latest) {
			return ceil(until), nil
		}
		return refuse("until is %s; it must be later than now, %s, and not after %s", b.Until.Format(time.RFC3339), now.UTC().Format(time.RFC3339), latest.UTC().Format(time.RFC3339))
	case b.For == nil:
		return time.Time{}, nil
	}
	d, err := time.ParseDuration(*b.For)
	if err != nil || d < minSuspension || d > maxSuspension {
		return refuse("for %q is no duration from %s to 8760h, such as 2h", *b.For, minSuspension)
	}
	return ceil(now.Add(d)), nil
}

// ceil is the time, or the next whole second: the file counts in seconds, and
// a suspension is rather longer than asked for.
func ceil(t time.Time) time.Time {
	whole := t.UTC().Truncate(time.Second)
	if whole.Before(t) {
		whole = whole.Add(time.Second)
	}
	return whole
}

func (s *server) now() time.Time {
	if s.opt.Now == nil {
		return time.Now()
	}
	return s.opt.Now()
}
