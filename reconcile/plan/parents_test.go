package plan

import (
	"testing"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

func TestParents(t *testing.T) {
	// child is a look at a container that was started at noon and shares the
	// namespace of one in that state.
	child := func(started int, parent engine.State, parentStarted int) look {
		vpn := engine.Container{Summary: engine.Summary{ID: "id-vpn", Name: "p-vpn-1", State: parent}}
		vpn.Claim = engine.Claim{Project: "p", Service: "vpn", Lasting: true, Labelled: true}
		vpn.StartedAt = at(parentStarted)
		whose := own.Judge(&desired.Document{Project: "p"}, []engine.Container{vpn}, nil)
		return seen(50, engine.StateRunning, started, 0).with(func(l *look) {
			l.is.Shares = []string{"id-vpn"}
			l.neighbours = whose.Neighbours(&desired.Document{Project: "p"}, func(string) bool { return false })
		})
	}
	of := func(p pinned) parents { return parents{"id-vpn": p} }
	right := pinned{run: at(10), own: at(11)}
	gone := pinned{run: at(40), own: at(11), stale: true, since: at(45)}
	for name, c := range map[string]struct {
		from parents
		l    look
		want parents
	}{
		"it shares nothing any more":                  {of(right), seen(50, engine.StateRunning, 11, 0), nil},
		"first seen, started after its parent":        {nil, child(11, engine.StateRunning, 10), of(right)},
		"first seen, started before it":               {nil, child(11, engine.StateRunning, 40), of(pinned{run: at(40), own: at(11), stale: true})},
		"first seen, the parent doesn't run":          {nil, child(11, engine.StateExited, 10), of(pinned{})},
		"the parent doesn't run":                      {of(right), child(11, engine.StateExited, 10), of(right)},
		"nothing happened":                            {of(gone), child(11, engine.StateRunning, 40), of(gone)},
		"the parent was started again":                {of(right), child(11, engine.StateRunning, 40), of(pinned{at(40), at(11), true, at(50)})},
		"the child was started again":                 {of(gone), child(48, engine.StateRunning, 40), of(pinned{at(40), at(48), false, at(45)})},
		"both were started again, the child last":     {of(right), child(41, engine.StateRunning, 40), of(pinned{at(40), at(41), false, at(50)})},
		"both were started again, the parent last":    {of(right), child(39, engine.StateRunning, 40), of(pinned{at(40), at(39), true, at(50)})},
		"another parent is forgotten with its shares": {parents{"id-old": gone}, child(11, engine.StateRunning, 10), of(right)},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.from.look(&c.l)
			same(t, got, c.want)
			if (got == nil) != (c.want == nil) {
				t.Errorf("it became %#v, which takes memory", got)
			}
		})
	}
}
