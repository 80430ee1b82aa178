package plan

import (
	"strings"
	"testing"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

func TestTheConcernsOfARecordAreAppliedInOrder(t *testing.T) {
	runs := seen(50, engine.StateRunning, 10, 0)
	known := record{
		sight: sight{print: runs.print, since: at(50), began: at(10)}, asked: askedRestart,
		crashes: crashes{count: 3, life: lifeSeen}, call: call{vain: 2},
	}
	died := seen(900, engine.StateExited, 10, 60).after(runs)
	t.Run("a change of the file forgives what was, not what is seen now", func(t *testing.T) {
		l := died
		l.flipped = true
		same(t, known.observe(l).crashes, crashes{1, lifeUnseen, deathCrash, at(60)})
	})
	t.Run("the engine's return is taken in before what it shows", func(t *testing.T) {
		l := died
		l.reborn = true
		same(t, known.observe(l).crashes, crashes{3, lifeUnseen, deathNone, at(60)})
	})
	t.Run("the file is heeded as soon as it is seen to be, and not when it changes", func(t *testing.T) {
		if !known.observe(runs).reached {
			t.Error("it runs, as wanted, and the file isn't heeded")
		}
		l := died
		l.flipped = true
		heeded := known
		heeded.reached = true
		if heeded.observe(l).reached {
			t.Error("the file asks for something else, and is heeded already")
		}
	})
	t.Run("how it ended last is kept while it runs again", func(t *testing.T) {
		l := died
		l.is.ExitCode = 3
		same(t, known.observe(l).observe(runs).exit, Exit{at(60), 3})
	})
	t.Run("a look at another run was not asked for", func(t *testing.T) {
		open := known
		open.inquiry.asked = at(40)
		same(t, open.observe(died).inquiry, inquiry{})
	})
	t.Run("what runs since this look has not run for long", func(t *testing.T) {
		was := known.observe(died)
		again := was.observe(seen(5000, engine.StateRunning, 4999, 60).after(died))
		same(t, again.crashes, crashes{4, lifeSeen, deathCrash, at(60)})
	})
	t.Run("an unhealthy time isn't one of running well", func(t *testing.T) {
		ill := known
		ill.health = health{run: at(10), from: at(10), sick: at(600)}
		l := seen(700, engine.StateRunning, 10, 0).with(func(l *look) { l.is.Health = engine.HealthUnhealthy })
		same(t, ill.observe(l.after(runs)).crashes, known.crashes)
	})
	t.Run("what is older than an unseen call means nothing", func(t *testing.T) {
		blind := known
		blind.call.unseen = engine.VerbStart
		same(t, blind.observe(died), blind)
		l := died
		l.service.State = desired.Stopped
		want := blind
		want.asked = askedNothing
		same(t, blind.observe(l), want) // but what the file asks is heeded
	})
	t.Run("the engine's return is a look", func(t *testing.T) {
		blind := known
		blind.call.unseen = engine.VerbStart
		l := died
		l.reborn = true
		want := known.observe(l)
		same(t, blind.observe(l), want)
	})
	t.Run("asked for again after it was withdrawn is asked for anew", func(t *testing.T) {
		p := Past{containers: map[string]record{"id-1": {asked: askedUnanswered, call: call{unseen: engine.VerbRestart}}}}
		l := died
		l.service.State = desired.Stopped
		p.containers["id-1"] = p.containers["id-1"].observe(l)
		p = p.AskRestart([]string{"id-1"}).Looked("id-1", at(1000))
		if rec := p.containers["id-1"].observe(died); rec.asked != askedRestart {
			t.Errorf("it is %q", rec.asked)
		}
	})
}

func TestEachConcernOfARecordHearsHowACallEnded(t *testing.T) {
	r := results(engine.VerbStop)["succeeded"]
	r.Lost = Lost{Networks: []engine.Network{{Name: "front"}}}
	rec := record{asked: askedRestart, call: call{failures: 2}, crashes: crashes{count: 3}}
	same(t, rec.after(&r, desired.Retry{}), record{
		asked: askedRestart, call: call{state: callReturned, before: fingerprintOf(&r.Before)}, reached: true,
		crashes: crashes{count: 3, life: lifeEnding}, lost: r.Lost,
	})
	r = results(engine.VerbRestart)["succeeded"]
	same(t, rec.after(&r, desired.Retry{}), record{
		call: call{state: callReturned, before: fingerprintOf(&r.Before)}, reached: true, crashes: crashes{count: 3},
	})
}

func TestARestartIsRefusedOnlyWhereItIsAskedFor(t *testing.T) {
	s := newStory()
	tell := func(line string) call {
		if err := s.step(strings.Fields(line)); err != nil {
			t.Fatal(err)
		}
		s.plan()
		return s.pasts["web"].containers["id-p-web-1"].call
	}
	tell("want web running")
	tell("self p-web-1 the container in which reconciler runs")
	same(t, tell("have p-web-1 running started=11:00:00"), call{})
	if k := tell("restart web"); k.state != callFailed || k.trouble.Reason != ReasonSelf {
		t.Errorf("it is refused nowhere: %+v", k)
	}
}

// TestWhatIsRememberedInUnknownWordsIsLeftAlone puts a word that nobody knows in
// the place of each, and asks for what would else be done.
func TestWhatIsRememberedInUnknownWordsIsLeftAlone(t *testing.T) {
	service := desired.Service{Name: "web", ComposeService: "web", State: desired.Running, Replicas: 1, ProgressDeadline: time.Hour}
	stopped := service
	stopped.State = desired.Stopped
	runs, ended := seen(0, engine.StateRunning, -60, 0).is, seen(0, engine.StateExited, -60, -50).is
	for place, muddled := range map[string]func(*record){
		"asked":         func(r *record) { r.asked = muddle },
		"call":          func(r *record) { r.call.state = muddle },
		"crashes.life":  func(r *record) { r.crashes.life = muddle },
		"crashes.death": func(r *record) { r.crashes.death = muddle },
	} {
		for name, c := range map[string]struct {
			service desired.Service
			is      []engine.Container
		}{
			"to be started": {service, []engine.Container{ended}},
			"to be stopped": {stopped, []engine.Container{runs}},
			"surplus":       {service, []engine.Container{runs, runs}},
			"left as it is": {service, []engine.Container{runs}},
		} {
			t.Run(place+"/"+name, func(t *testing.T) {
				var have own.Holding
				for i, is := range c.is {
					is.ID, is.Name = []string{"id-1", "id-2"}[i], []string{"p-web-1", "p-web-2"}[i]
					have.Replicas = append(have.Replicas, own.Replica{Number: i + 1, Container: is})
				}
				last := have.Replicas[len(have.Replicas)-1].Container.ID
				p := Diff(c.service, have, Around{}, Past{}, at(0))
				if acts := len(p.Actions) == 1 && p.Actions[0].ID == last; acts == (name == "left as it is") {
					t.Fatalf("else this would be done: %v", p.Actions)
				}
				rec := p.Past.containers[last]
				muddled(&rec)
				p.Past.containers[last] = rec
				p = Diff(c.service, have, Around{}, p.Past, at(1))
				if len(p.Actions) > 0 || p.Converged || p.Stalled.Reason != ReasonStuck || !strings.Contains(p.Stalled.Message, muddle) {
					t.Errorf("%v, and says: %+v", p.Actions, p.Stalled)
				}
			})
		}
	}
}
