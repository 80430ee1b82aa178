package containers

import (
	"maps"
	"reflect"
	"slices"

	"reconciler/engine"
	"reconciler/reconcile/driver"
	"reconciler/reconcile/own"
)

// Moved implements driver.Look.
func (l *look) Moved(before driver.Look) map[string]bool {
	b, _ := before.(*look)
	all := b == nil || b.doc != l.doc || !l.view.Up || !reflect.DeepEqual(b.self, l.self)
	var around map[string]bool
	if !all {
		around = l.around.Moved(b.around)
	}
	moved := make(map[string]bool)
	for _, s := range l.doc.Services {
		if all || around[s.ComposeService] || !same(b.whose.Holdings[s.Name], l.whose.Holdings[s.Name]) {
			moved[s.Name] = true
		}
	}
	return moved
}

// same reports whether two looks at what a service owns could lead to the same
// decision and the same status.
func same(a, b own.Holding) bool {
	return a.Trouble.Message() == b.Trouble.Message() && a.Hidden == b.Hidden && slices.Equal(a.Warnings, b.Warnings) && maps.Equal(a.InTheWay, b.InTheWay) &&
		slices.EqualFunc(a.Replacing, b.Replacing, sameContainer) &&
		slices.EqualFunc(a.Replicas, b.Replicas, func(x, y own.Replica) bool {
			return x.Number == y.Number && sameContainer(x.Container, y.Container)
		})
}

func sameContainer(a, b engine.Container) bool {
	return a.ID == b.ID && a.Name == b.Name && a.State == b.State && a.Health == b.Health &&
		a.PID == b.PID && a.Restarts == b.Restarts && a.Error == b.Error && a.Unplugged == b.Unplugged &&
		a.StartedAt.Equal(b.StartedAt) && a.FinishedAt.Equal(b.FinishedAt)
}
