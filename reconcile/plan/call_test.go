package plan

import (
	"testing"
	"time"

	"reconciler/desired"
	"reconciler/engine"
)

func TestCall(t *testing.T) {
	was := seen(90, engine.StateExited, 1, 2)
	runs := seen(110, engine.StateRunning, 105, 2).after(was)
	fares := seen(110, engine.StateExited, 105, 106).after(was)
	busy := func(l look) look { return l.with(func(l *look) { l.busy = true }) }
	stopped := func(l look) look { return l.with(func(l *look) { l.service.State = desired.Stopped }) }

	none := call{before: was.print}
	returned := func(vain int) call { return call{state: callReturned, before: was.print, vain: vain} }
	trouble := Note{ReasonRetry, "port is taken"}
	failed := call{state: callFailed, before: was.print, failures: 2, trouble: trouble, until: at(104), vain: 2}
	stuck := call{state: callInVain, before: was.print, vain: 3}
	strange := call{state: muddle, before: was.print, vain: 3}
	for name, c := range map[string]struct {
		from call
		l    look
		want call
	}{
		"it had an effect":                         {returned(2), runs, none},
		"it had none":                              {returned(1), was, call{before: was.print, vain: 2}},
		"it had none for the third time":           {returned(2), was, stuck},
		"another one is under way":                 {returned(2), busy(was), returned(2)},
		"in vain, and nothing happened":            {stuck, was, stuck},
		"in vain, until something happens":         {stuck, fares, none},
		"in vain, and something happens meanwhile": {stuck, busy(fares), none},
		"it failed":                                {failed, was, failed},
		"it failed, and somebody else started it":  {failed, runs, none},
		"somebody else's start fared no better":    {failed, fares, call{callFailed, "", was.print, 2, trouble, at(104), 0}},
		"while a call of ours is under way":        {failed, busy(runs), call{callFailed, "", was.print, 2, trouble, at(104), 0}},
		"it is ended, as is wanted by now":         {failed, stopped(fares), none},
		"it runs, which isn't wanted by now":       {failed, stopped(runs), call{callFailed, "", was.print, 2, trouble, at(104), 0}},
		"whether it is ended isn't known":          {failed, stopped(seen(110, unknown, 1, 2).after(was)), call{callFailed, "", was.print, 2, trouble, at(104), 0}},
		"none was made":                            {none, runs, none},
		"an unknown word stays":                    {strange, was, strange},
	} {
		t.Run(name, func(t *testing.T) { same(t, c.from.look(&c.l), c.want) })
	}

	retry := desired.Retry{Initial: time.Second, Max: time.Minute}
	gone := seen(90, engine.StateExited, 1, 2).print
	for how, want := range map[string]call{
		"succeeded":  {state: callReturned, before: gone, vain: 2},
		"failed":     {state: callFailed, before: gone, failures: 3, trouble: trouble, until: at(100).Add(jittered(4*time.Second, "id-1", 3)), vain: 2},
		"unanswered": {state: callFailed, before: gone, failures: 2, trouble: Note{ReasonRetry, "EOF"}, until: at(101), vain: 2},
		"gone":       failed,
	} {
		t.Run(how, func(t *testing.T) {
			r := results(engine.VerbStart)[how]
			before := failed
			before.unseen = engine.VerbStop
			same(t, before.after(&r, retry), want)
			r.Unseen, want.unseen = true, engine.VerbStart
			same(t, failed.after(&r, retry), want)
		})
	}
	t.Run("refused from here", func(t *testing.T) {
		why := Note{ReasonSelf, "reconciler runs in it"}
		same(t, call{vain: 1}.refused(was.print, why), call{state: callFailed, before: was.print, trouble: why, vain: 1})
	})
	t.Run("forgiven", func(t *testing.T) {
		for _, k := range []call{failed, stuck, returned(2), strange, none} {
			same(t, k.forgiven(), none)
		}
		same(t, call{unseen: engine.VerbStop}.forgiven(), call{unseen: engine.VerbStop})
	})
}
