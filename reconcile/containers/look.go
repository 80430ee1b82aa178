package containers

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/observed"
	"reconciler/reconcile/driver"
	"reconciler/reconcile/own"
	"reconciler/reconcile/plan"
)

// look is who owns what in one view, by one document.
type look struct {
	driver  *Driver
	doc     *desired.Document
	view    observed.View
	whose   own.Ownership
	around  own.Neighbours
	self    map[string]own.Guard
	touched map[string]plan.Touch
}

var _ driver.Look = (*look)(nil)

// Look implements driver.Driver.
func (d *Driver) Look(doc *desired.Document, done func(service string) bool, before driver.Look) driver.Look {
	view := d.opt.World.View()
	if b, ok := before.(*look); ok && b.driver == d && b.doc == doc && b.view.Version == view.Version {
		return b
	}
	l := &look{driver: d, doc: doc, view: view, touched: make(map[string]plan.Touch, len(view.Touched))}
	l.self = own.Guarded(d.opt.Self, view.Info, view.Containers)
	all := slices.Clone(view.Containers)
	for _, s := range view.Hidden {
		all = append(all, engine.Container{Summary: s})
	}
	l.whose = own.Judge(doc, all, l.self)
	unread(l.whose, view)
	l.around = l.whose.Neighbours(doc, done)
	for id, t := range view.Touched {
		l.touched[id] = plan.Touch(t)
	}
	return l
}

// unread warns of the containers that the engine can't describe now. Those that it
// has only listed, and never described, are taken out of the holdings.
func unread(whose own.Ownership, view observed.View) {
	hidden := make(map[string]bool, len(view.Hidden))
	for _, s := range view.Hidden {
		hidden[s.ID] = true
	}
	for service, h := range whose.Holdings {
		h.Replicas = slices.DeleteFunc(h.Replicas, func(r own.Replica) bool {
			err := view.Unread[r.Container.ID]
			switch {
			case err == nil:
			case hidden[r.Container.ID]:
				h.Hidden = own.Doubt{Kind: own.Unseen, Container: r.Container.Name, Cause: err.Error()}
			default:
				h.Warnings = append(h.Warnings, own.Doubt{Kind: own.Outdated, Container: r.Container.Name, Cause: err.Error()})
			}
			return hidden[r.Container.ID]
		})
		whose.Holdings[service] = h
	}
}

// Blind implements driver.Look.
func (l *look) Blind() error {
	switch {
	case l.view.Up:
		return nil
	case l.view.Err != nil:
		return fmt.Errorf("the engine can't be asked: %w", l.view.Err)
	}
	return errors.New("the engine has not been reached yet")
}

// Orphans implements driver.Look.
func (l *look) Orphans() []own.Orphan { return l.whose.Orphans }

// Decide implements driver.Look.
func (l *look) Decide(s desired.Service, past plan.Past, given driver.Given) driver.Decision {
	have := l.whose.Holdings[s.Name]
	d := driver.Decision{Plan: plan.Diff(s, have, l.surroundings(s, have, given), past, given.Now)}
	for _, r := range have.Replicas {
		d.Shown = append(d.Shown, r.Container)
	}
	for _, a := range d.Actions {
		i := slices.IndexFunc(have.Replicas, func(r own.Replica) bool { return r.Container.ID == a.ID })
		d.Calls = append(d.Calls, &call{l.driver, s, a, have.Replicas[i].Container})
	}
	return d
}

// surroundings are what a decision about the service needs to know of the world.
func (l *look) surroundings(s desired.Service, have own.Holding, given driver.Given) plan.Around {
	around := plan.Around{
		Project: l.doc.Project, Since: l.view.Since, Seen: l.view.Seen, Touched: l.touched,
		Budget: given.Budget, Self: l.self, Hands: l.view.Info.Hands, Neighbours: l.around, DryRun: given.DryRun,
	}
	for _, r := range have.Replicas {
		t := engine.Target{Key: l.doc.Key(s.Name), Number: r.Number}
		verb, busy := given.UnderWay(t, r.Container.ID)
		if !busy {
			continue
		}
		if around.InFlight == nil {
			around.InFlight = make(map[engine.Target]engine.Verb)
		}
		around.InFlight[t] = verb
	}
	return around
}

// Restartable implements driver.Look.
func (l *look) Restartable(s desired.Service, past plan.Past, given driver.Given) (ids []string, refusal string) {
	have := l.whose.Holdings[s.Name]
	ids = plan.Wanted(s, have, l.surroundings(s, have, given), past)
	switch {
	case have.Trouble.Kind != "":
		return nil, have.Trouble.Message()
	case have.Hidden.Kind != "":
		return nil, have.Hidden.Message()
	case len(ids) == 0:
		return nil, "it has no container"
	}
	for _, r := range have.Replicas {
		if guard, guarded := l.self[r.Container.ID]; guarded && slices.Contains(ids, r.Container.ID) {
			return nil, guard.Not(engine.VerbRestart, r.Container.Name, l.view.Info.Hands)
		}
	}
	return ids, ""
}

// Followers implements driver.Look.
func (l *look) Followers(restarted desired.Service, now time.Time) []driver.Follower {
	var all []driver.Follower
	l.around.All(func(service string, n own.Neighbour) {
		follows := slices.ContainsFunc(n.DependsOn, func(d engine.Dependency) bool {
			return d.Restart && d.Service == restarted.ComposeService && l.around.Cycle(service, d) == nil
		})
		if want := n.Want.At(now); !follows || want.State != desired.Running || want.Held {
			return
		}
		f := driver.Follower{Service: n.Name}
		for _, c := range n.Containers {
			switch guard, guarded := l.self[c.ID]; {
			case !c.Running():
			case guarded:
				f.Left = append(f.Left, guard.Not(engine.VerbRestart, c.Name, l.view.Info.Hands))
			default:
				f.IDs = append(f.IDs, c.ID)
			}
		}
		all = append(all, f)
	})
	return all
}
