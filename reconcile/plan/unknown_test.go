package plan

import (
	"strings"
	"testing"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

func TestWhatOwnTellsOfAnUnknownKindKeepsEachCallBack(t *testing.T) {
	const id = "id-1"
	for name, c := range map[string]struct {
		want  desired.State
		state engine.State
		have  own.Holding
		self  map[string]own.Guard
	}{
		"a guard":     {desired.Stopped, engine.StateRunning, own.Holding{}, map[string]own.Guard{id: {Role: "new"}}},
		"a trouble":   {desired.Running, engine.StateExited, own.Holding{Trouble: own.Trouble{Kind: "new"}}, nil},
		"a doubt":     {desired.Running, engine.StateExited, own.Holding{Hidden: own.Doubt{Kind: "new"}}, nil},
		"an obstacle": {desired.Running, engine.StateExited, own.Holding{InTheWay: map[string]own.Obstacle{id: {Kind: "new"}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c.have.Replicas = []own.Replica{{Number: 1, Container: engine.Container{Summary: engine.Summary{ID: id, Name: "p-web-1", State: c.state}}}}
			service := desired.Service{Name: "web", ComposeService: "web", State: c.want}
			p := Diff(service, c.have, Around{Project: "p", Self: c.self}, Past{}, noon)
			if len(p.Actions) > 0 || p.Converged || !strings.Contains(p.Message, `"new", which is not known here`) {
				t.Errorf("%s: %s", p, p.Message)
			}
		})
	}
}
