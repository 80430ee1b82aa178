package api

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"reconciler/api/wire"
	"reconciler/desired"
	"reconciler/reconcile"
)

// many judges the named services, and tells of them as the batch begins:
// arrived when all have, given when none of them is on its way any more.
func many(b wire.Batch, named []string) judge {
	asked := make(map[string]bool, len(named))
	for _, name := range named {
		asked[name] = true
	}
	return func(o reconcile.Known) (verdict, any, error) {
		told := wire.Batch{
			Generation: b.Generation, Services: []reconcile.Service{},
			Skipped: append([]string{}, b.Skipped...), Warnings: append([]string{}, b.Warnings...),
		}
		sum := arrived
		listed := make(map[string]bool, len(o.Services))
		for _, n := range o.Services {
			if listed[n.Name] = true; !asked[n.Name] {
				continue
			}
			told.Services = append(told.Services, n.Service)
			switch v := converged(n, b.Generation); {
			case v == pending, sum == pending:
				sum = pending
			case v == given:
				sum = given
			}
		}
		for _, name := range named {
			if !listed[name] {
				told.Warnings = append(told.Warnings, fmt.Sprintf("%s is no longer listed: it was taken out of the file meanwhile", name))
			}
		}
		return sum, told, nil
	}
}

// allOf are the names of all services of the document.
func allOf(doc *desired.Document) []string {
	all := make([]string, len(doc.Services))
	for i, s := range doc.Services {
		all[i] = s.Name
	}
	return all
}

// flips makes the changes in one revision, and answers with what becomes of
// these services.
func (s *server) flips(r *http.Request, changes []desired.Change, b wire.Batch, reason string) (reply, error) {
	e, err := s.readEdit(r, reason)
	if err != nil {
		return nil, err
	}
	var named []string
	for _, c := range changes {
		named = append(named, c.Service)
	}
	return s.change(r, e, desired.Flips(changes...), func(snap desired.Snapshot, _ bool) (judge, error) {
		b.Generation = snap.Generation
		return many(b, named), nil
	})
}

// putServicesState wants each named service to be as the body says.
func (s *server) putServicesState(r *http.Request) (reply, error) {
	var states map[string]desired.State
	if err := readInto(r, &states, nil); err != nil {
		return nil, err
	}
	if len(states) == 0 {
		return nil, newProblem(http.StatusBadRequest, "malformed", `say which services, and what they should be: {"web":"running","db":"stopped"}`)
	}
	var changes []desired.Change
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if err := mayWant(r, states[name]); err != nil {
			return nil, err
		}
		if states[name] == "" {
			return nil, newProblem(http.StatusUnprocessableEntity, "unsuitable_state", "%q is given no state", name)
		}
		changes = append(changes, desired.Change{Service: name, State: states[name]})
	}
	return s.flips(r, changes, wire.Batch{}, "")
}

// putGroupState wants each member of a group to be so, as far as it can: a job
// that should run is wanted completed, and what is no job is never completed.
func (s *server) putGroupState(r *http.Request) (reply, error) {
	b, err := readStateBody(r)
	if err != nil {
		return nil, err
	}
	doc := s.opt.State.Snapshot().Document
	members, known := doc.Group(r.PathValue("group"))
	if !known {
		return nil, unknownGroup(doc, r.PathValue("group"))
	}
	var changes []desired.Change
	var told wire.Batch
	for _, name := range members {
		if service, _ := doc.Service(name); b.State == desired.Completed && !service.Job {
			told.Skipped = append(told.Skipped, name)
			told.Warnings = append(told.Warnings, fmt.Sprintf("%s is skipped: it is no job, and only a job can be completed", name))
			continue
		}
		changes = append(changes, desired.Change{Service: name, State: b.State})
	}
	return s.flips(r, changes, told, b.Reason)
}

// unknownGroup says which group may have been meant.
func unknownGroup(doc *desired.Document, group string) *problem {
	var known []string
	for _, g := range doc.Groups {
		known = append(known, g.Name)
	}
	return newProblem(http.StatusNotFound, "unknown_group", "the file has no group %q%s", group, desired.Suggest(group, known))
}
