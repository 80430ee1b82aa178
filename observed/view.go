package observed

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"reconciler/engine"
)

// publish makes what is known the view; edit changes what is not in the sets.
// The caller holds o.mu and must call o.tell after it let go of it.
func (o *Observer) publish(edit func(*View)) {
	v := o.View()
	v.Version++
	byName := func(a, b engine.Summary) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) }
	v.Containers = slices.SortedFunc(maps.Values(o.known), func(a, b engine.Container) int { return byName(a.Summary, b.Summary) })
	v.Hidden = nil
	for id := range o.unread {
		if s, ok := o.listed[id]; ok {
			v.Hidden = append(v.Hidden, s)
		}
	}
	slices.SortFunc(v.Hidden, byName)
	v.Seen = maps.Clone(o.seen)
	v.Touched = maps.Clone(o.touched)
	v.Unread = maps.Clone(o.unread)
	if edit != nil {
		edit(&v)
	}
	o.view.Store(&v)
}

// apply takes over the answer to the inspect of that sequence number, unless a
// newer one was taken over already, and reports whether the view changed.
func (o *Observer) apply(c engine.Container, seq int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if seq < o.asked[c.ID] {
		return false
	}
	if o.foreign(c.ID, c.Name, c.Claim.Project) { // it may have been one of ours until it was renamed
		return o.forget(c.ID)
	}
	was, known := o.known[c.ID]
	o.asked[c.ID] = seq
	o.known[c.ID] = c
	delete(o.listed, c.ID)
	if !known {
		o.seen[c.ID] = o.opt.Now()
	}
	if (!known || told(was, c)) && !o.failed[c.ID] { // else the event may be old
		o.changes++
	}
	if !o.up || reflect.DeepEqual(was, c) && o.View().Touched[c.ID] == o.touched[c.ID] {
		return false
	}
	o.publish(nil)
	return true
}

// told reports whether the engine tells with an event that a container is no
// longer as it was. It doesn't when one becomes dead or is being removed.
func told(was, is engine.Container) bool {
	if is.State == engine.StateDead || is.State == engine.StateRemoving {
		return false
	}
	return was.Name != is.Name || was.State != is.State ||
		!was.StartedAt.Equal(is.StartedAt) || !was.FinishedAt.Equal(is.FinishedAt)
}

// gone takes over that there is no container of that ID, and reports whether
// the view changed.
func (o *Observer) gone(id string, seq int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if seq < o.asked[id] {
		return false
	}
	return o.forget(id)
}

// doubt takes over why what is known of the container may be old, nil for that
// it isn't, and reports whether the view changed; the caller holds o.mu.
func (o *Observer) doubt(id string, why error) bool {
	_, known := o.known[id]
	_, listed := o.listed[id]
	if !known && !listed || fmt.Sprint(o.unread[id]) == fmt.Sprint(why) {
		return false
	}
	if o.unread[id] = why; why == nil {
		delete(o.unread, id)
	}
	if o.up {
		o.publish(nil)
	}
	return o.up
}

// forget drops a container and reports whether the view changed; the caller
// holds o.mu.
func (o *Observer) forget(id string) bool {
	_, known := o.known[id]
	_, listed := o.listed[id]
	delete(o.known, id)
	delete(o.listed, id)
	delete(o.asked, id)
	delete(o.seen, id)
	delete(o.touched, id)
	delete(o.unread, id)
	delete(o.expected, id)
	if !known && !listed {
		return false
	}
	if known {
		o.changes++
	}
	if o.up {
		o.publish(nil)
	}
	return o.up
}

// concerns reports whether a container is ours to observe, or was until now;
// the caller holds o.mu.
func (o *Observer) concerns(id, name, project string) bool {
	_, known := o.known[id]
	return known || !o.foreign(id, name, project)
}

// foreign reports whether a container is none of ours to observe; the caller
// holds o.mu.
func (o *Observer) foreign(id, name, project string) bool {
	if project == o.opt.Project || o.opt.Names()[name] {
		return false
	}
	refs := o.ourselves()
	return !refs[id] && !refs[name]
}

// ourselves are the IDs, or names, of what this program runs in and of those
// whose namespaces that shares, as far as they are known; the caller holds o.mu.
// It is asked about each event of a foreign container: an ID, which is what the
// engine names mostly, costs no search.
func (o *Observer) ourselves() map[string]bool {
	refs := make(map[string]bool)
	var add func(ref string)
	add = func(ref string) {
		if ref == "" || refs[ref] {
			return
		}
		refs[ref] = true
		c, known := o.known[ref]
		if !known {
			for _, k := range o.known {
				if k.Name == ref {
					c = k
				}
			}
		}
		for _, parent := range c.Shares {
			add(parent)
		}
	}
	add(o.opt.Self.ID)
	add(o.opt.Self.Network)
	return refs
}
