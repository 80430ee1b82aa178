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
		} {
			t.Run(place+"/"+name, func(t *testing.T) {
				var have own.Holding
				for i, is := range c.is {
					is.ID, is.Name = []string{"id-1", "id-2"}[i], []string{"p-web-1", "p-web-2"}[i]
					have.Replicas = append(have.Replicas, own.Replica{Number: i + 1, Container: is})
				}
				last := have.Replicas[len(have.Replicas)-1].Container.ID
				p := Diff(c.service, have, Around{}, Past{}, at(0))
				if len(p.Actions) != 1 || p.Actions[0].ID != last {
					t.Fatalf("nothing would be done anyway: %+v", p)
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
