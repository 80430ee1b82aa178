package plan

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

const unknown engine.State = "thawing"

// states are those of engine.State, and one that no engine has told yet.
var states = []engine.State{
	engine.StateCreated, engine.StateRunning, engine.StatePaused, engine.StateRestarting,
	engine.StateRemoving, engine.StateExited, engine.StateDead, unknown,
}

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func drawContainer(t *rapid.T, id, name string) engine.Container {
	c := engine.Container{Summary: engine.Summary{ID: id, Name: name}}
	c.Claim = engine.Claim{Project: "p", Service: "web", Lasting: true, Labelled: true}
	c.State = rapid.SampledFrom(states).Draw(t, "state")
	c.Health = rapid.SampledFrom([]engine.Health{engine.HealthNone, engine.HealthNone, engine.HealthStarting, engine.HealthHealthy, engine.HealthUnhealthy, "dizzy"}).Draw(t, "health")
	ago := func(label string) time.Time {
		return noon.Add(-time.Duration(rapid.IntRange(0, 1000).Draw(t, label)) * time.Second)
	}
	if c.State != engine.StateCreated {
		c.StartedAt, c.FinishedAt, c.HealthAt = ago("started"), ago("finished"), ago("probed")
	}
	c.ExitCode = rapid.SampledFrom([]int{0, 1, 137}).Draw(t, "code")
	c.AutoRemove = rapid.IntRange(0, 9).Draw(t, "rm") == 0
	return c
}

func drawService(t *rapid.T, name string) desired.Service {
	s := desired.Service{
		Name: name, ComposeService: name, Settle: 3 * time.Second, UnhealthyGrace: 30 * time.Second,
		StopGracePeriod: -1, ProgressDeadline: 10 * time.Minute,
		RestartBackoff: desired.RestartBackoff{Initial: 10 * time.Second, Max: 5 * time.Minute, ResetAfter: 10 * time.Minute},
		Retry:          desired.Retry{Initial: time.Second, Max: time.Minute},
	}
	s.State = rapid.SampledFrom([]desired.State{desired.Running, desired.Stopped, desired.Completed}).Draw(t, "want")
	s.Job = s.State == desired.Completed
	s.OnUnhealthy = rapid.SampledFrom([]desired.OnUnhealthy{desired.UnhealthyRestart, desired.UnhealthyIgnore}).Draw(t, "on_unhealthy")
	s.OnPaused = rapid.SampledFrom([]desired.OnPaused{desired.PausedIgnore, desired.PausedUnpause}).Draw(t, "on_paused")
	if !s.Job {
		s.Replicas = rapid.IntRange(0, 4).Draw(t, "replicas")
	}
	if rapid.IntRange(0, 2).Draw(t, "suspended") == 0 {
		s.Suspend = &desired.Suspend{Until: noon.Add(time.Duration(rapid.IntRange(-100, 1000).Draw(t, "until")) * time.Second)}
	}
	return s
}

// situation is all that a decision is made of.
type situation struct {
	service desired.Service
	have    own.Holding
	around  Around
	past    Past
	now     time.Time
}

func (s situation) diff() Plan { return Diff(s.service, s.have, s.around, s.past, s.now) }

func drawSituation(t *rapid.T) situation {
	s := situation{service: drawService(t, "web"), now: noon}
	s.around = Around{
		Project: "p", Since: noon.Add(-time.Hour), Seen: map[string]time.Time{}, Touched: map[string]Touch{}, InFlight: map[engine.Target]engine.Verb{},
		Budget: Budget{Free: rapid.IntRange(0, 3).Draw(t, "budget"), Next: noon.Add(time.Minute)}, Self: map[string]own.Guard{},
	}
	for n := range rapid.IntRange(0, 4).Draw(t, "containers") {
		id := fmt.Sprint("id-", n+1)
		c := drawContainer(t, id, fmt.Sprint("p-web-", n+1))
		s.have.Replicas = append(s.have.Replicas, own.Replica{Number: n + 1, Container: c})
		s.around.Seen[id] = noon.Add(-time.Duration(rapid.IntRange(0, 100).Draw(t, "seen")) * time.Second)
		switch rapid.IntRange(0, 9).Draw(t, "around") {
		case 0:
			s.around.Touched[id] = Touch{First: noon.Add(-time.Second), Last: noon}
		case 1:
			s.around.InFlight[s.around.target(s.service, n+1)] = rapid.SampledFrom(engine.Verbs()).Draw(t, "in flight")
		case 2:
			s.around.Self[id] = own.Guard{Role: rapid.SampledFrom([]own.Role{own.RoleSelf, "", "new"}).Draw(t, "role")}
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "decided before") {
		s.past = s.diff().Past
		s.now = s.now.Add(time.Duration(rapid.IntRange(0, 700).Draw(t, "passed")) * time.Second)
		for i := range s.have.Replicas {
			if c := &s.have.Replicas[i].Container; rapid.Bool().Draw(t, "moved") {
				*c = drawContainer(t, c.ID, c.Name)
			}
		}
		if rapid.IntRange(0, 4).Draw(t, "asked") == 0 {
			s.past = s.past.AskRestart(slices.Sorted(maps.Keys(s.past.containers)))
		}
	}
	return s
}

var whole = []cmp.Option{cmp.Exporter(func(reflect.Type) bool { return true }), cmpopts.EquateEmpty(), cmpopts.EquateErrors()}

// decides checks what holds for every decision, whatever the world is like.
func decides(t *rapid.T) {
	s := drawSituation(t)
	before := fmt.Sprintf("%+v", s)
	first := s.diff()
	if after := fmt.Sprintf("%+v", s); after != before {
		t.Fatalf("it changed what it was given from\n%s\nto\n%s", before, after)
	}
	if diff := cmp.Diff(first, s.diff(), whole...); diff != "" {
		t.Fatalf("the same arguments give another plan (-first +again):\n%s", diff)
	}
	var seen []engine.Container
	for _, r := range rapid.Permutation(s.have.Replicas).Draw(t, "order") {
		seen = append(seen, r.Container)
	}
	other := s
	other.have = own.Judge(&desired.Document{Project: "p", Services: []desired.Service{s.service}}, seen, nil).Holdings["web"]
	if diff := cmp.Diff(first, other.diff(), whole...); diff != "" {
		t.Fatalf("the order of the containers decides (-first +other):\n%s", diff)
	}

	if first.Message == "" || first.Status == "" {
		t.Fatalf("it says nothing: %+v", first)
	}
	at := make(map[string]bool)
	for _, a := range first.Actions {
		i := slices.IndexFunc(s.have.Replicas, func(r own.Replica) bool { return r.Container.ID == a.ID })
		if i < 0 || at[a.ID] {
			t.Fatalf("%s: of a container that isn't the service's, or twice", a)
		}
		at[a.ID] = true
		if want := s.around.target(s.service, s.have.Replicas[i].Number); a.Target != want {
			t.Fatalf("%s: its target is %s, want %s", a, a.Target, want)
		}
		c := s.have.Replicas[i].Container
		_, busy := s.around.InFlight[a.Target]
		_, guarded := s.around.Self[a.ID]
		switch {
		case c.State == unknown:
			t.Fatalf("%s, although nobody knows what %s means", a, c.State)
		case busy:
			t.Fatalf("%s, while a call is under way", a)
		case guarded && (a.Verb == engine.VerbStop || a.Verb == engine.VerbRestart):
			t.Fatalf("%s, although reconciler depends on it", a)
		case s.service.At(s.now).Held:
			t.Fatalf("%s, although the service is suspended", a)
		case a.Verb == engine.VerbStart && c.State.Alive():
			t.Fatalf("%s, although it is %s", a, c.State)
		}
	}
	dry := s
	dry.around.DryRun = true
	if p := dry.diff(); len(p.Actions) > 0 {
		t.Fatalf("a dry run acts: %v", p.Actions)
	}
}

func TestADecisionHoldsItsPromises(t *testing.T) { rapid.Check(t, decides) }

func FuzzDecision(f *testing.F) { f.Fuzz(rapid.MakeFuzz(decides)) }

// TestWhatIsDecidedIsReached makes each call as an engine would that does what
// it is asked. After a few rounds, each when the plan asks for it, nothing is left
// to do.
func TestWhatIsDecidedIsReached(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSituation(t)
		s.service.Suspend = nil
		clear(s.around.InFlight)
		s.around.Budget.Free = 10
		var p Plan
		made, enough := 0, 3*len(s.have.Replicas)
		const rounds = 20
		for range rounds {
			p = s.diff()
			s.past = p.Past
			if made += len(p.Actions); made > enough {
				t.Fatalf("%d calls for %d containers, and it goes on with %v", made, len(s.have.Replicas), p.Actions)
			}
			if len(p.Actions) == 0 && (p.Next.IsZero() || p.Next.Sub(s.now) > time.Hour) {
				return
			}
			for _, a := range p.Actions {
				i := slices.IndexFunc(s.have.Replicas, func(r own.Replica) bool { return r.Container.ID == a.ID })
				c := &s.have.Replicas[i].Container
				before := *c
				obey(c, a.Verb, s.now)
				s.past = s.past.After(Result{Action: a, Before: before, Now: s.now}, s.service.Retry)
			}
			if len(p.Actions) == 0 {
				s.now = p.Next
			}
		}
		if len(p.Actions) > 0 {
			t.Fatalf("after %d rounds it still does %v: %s", rounds, p.Actions, p.Message)
		}
	})
}

// obey is what an engine does, and a container that then goes on well.
func obey(c *engine.Container, verb engine.Verb, now time.Time) {
	if verb == engine.VerbStop || verb == engine.VerbRestart {
		c.FinishedAt, c.ExitCode, c.State = now, 0, engine.StateExited
	}
	if verb == engine.VerbStart || verb == engine.VerbRestart {
		c.StartedAt, c.State = now, engine.StateRunning
	}
	if verb == engine.VerbUnpause {
		c.State = engine.StateRunning
	}
	if c.Health == engine.HealthUnhealthy {
		c.Health = engine.HealthHealthy
	}
}
