package containers

import (
	"errors"
	"strings"
	"testing"

	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/observed"
	"reconciler/reconcile/driver"
	"reconciler/reconcile/plan"
)

// unknown is a verb that the table doesn't have.
const unknown engine.Verb = "remove"

// drive returns a driver of a world with two containers, p-web-1, in which we run,
// and p-db-1; and the ID of each.
func drive(t *testing.T) (d *Driver, e *sim.Engine, ids map[string]string) {
	t.Helper()
	e, ids = sim.New(sim.Options{}), make(map[string]string)
	for _, service := range []string{"web", "db"} {
		name := "p-" + service + "-1"
		e.Create(sim.Spec{Name: name, State: engine.StateRunning, Labels: map[string]string{
			engine.LabelProject: "p", engine.LabelService: service, engine.LabelOneoff: "False",
		}})
		c, err := e.Inspect(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		ids[service] = c.ID
	}
	self := engine.Self{ID: ids["web"]}
	world := observed.New(observed.Options{Engine: e, Project: "p", Self: self})
	if _, err := world.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.Calls()
	return New(Options{Engine: e, World: world, Self: self}), e, ids
}

func TestTheGuardLetsNothingThroughThatTheTableDoesNotCallHarmless(t *testing.T) {
	d, _, ids := drive(t)
	for _, v := range append(engine.Verbs(), unknown, "") {
		of := func(service string) plan.Action {
			return plan.Action{Verb: v, ID: ids[service], Container: "p-" + service + "-1"}
		}
		harmless := v == engine.VerbStart || v == engine.VerbUnpause
		if err := d.guard(of("web")); errors.Is(err, driver.ErrGuarded) == harmless || !harmless && !strings.Contains(err.Error(), "p-web-1") {
			t.Errorf("%q of ourselves: %v", v, err)
		}
		if err := d.guard(of("db")); err != nil {
			t.Errorf("%q of another: %v", v, err)
		}
	}
}

func TestAnUnknownVerbIsNotCarriedOutAndSaysSo(t *testing.T) {
	d, e, ids := drive(t)
	was := e.String()
	c := &call{Driver: d, action: plan.Action{Verb: unknown, ID: ids["db"], Container: "p-db-1"}}
	err := c.Make(t.Context())
	if err == nil || !strings.Contains(err.Error(), `"remove"`) {
		t.Errorf("told: %v", err)
	}
	result := c.Result(t.Context(), err)
	if why := result.Why(); result.Void || !strings.Contains(why.Message, `"remove"`) {
		t.Errorf("void %t, told: %+v", result.Void, why)
	}
	if e.String() != was {
		t.Errorf("the world was\n%sand is\n%s", was, e)
	}
	for call := range e.Calls() {
		if call != "inspect" {
			t.Errorf("it called %s", call)
		}
	}
}
