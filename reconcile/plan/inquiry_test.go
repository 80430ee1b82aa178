package plan

import (
	"testing"

	"reconciler/engine"
)

func TestInquiry(t *testing.T) {
	open := inquiry{asked: at(5), answered: at(4)}
	was := seen(6, engine.StateRunning, 1, 0)
	for name, c := range map[string]struct {
		l    look
		want inquiry
	}{
		"nothing happened":     {seen(9, engine.StateRunning, 1, 0).after(was), open},
		"it was started again": {seen(9, engine.StateRunning, 8, 7).after(was), inquiry{}},
		"the engine was away":  {was.with(func(l *look) { l.reborn = true }), inquiry{}},
		"it doesn't run":       {seen(9, engine.StateExited, 1, 2), inquiry{}},
	} {
		t.Run(name, func(t *testing.T) { same(t, open.look(&c.l), c.want) })
	}
}
