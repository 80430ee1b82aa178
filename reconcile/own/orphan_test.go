package own

import (
	"testing"

	"reconciler/desired"
	"reconciler/engine"
)

func TestAnOrphanHasThePortsThatTheEngineChoseForIt(t *testing.T) {
	claim := func(service string) engine.Claim {
		return engine.Claim{Project: "p", Service: service, Lasting: true, Labelled: true}
	}
	doc := &desired.Document{Project: "p", Services: []desired.Service{{Name: "web", ComposeService: "web", State: desired.Running}}}
	web := engine.Container{
		Summary:   engine.Summary{ID: "1", Name: "p-web-1", Claim: claim("web"), State: engine.StateExited},
		Publishes: []engine.Port{{Host: 32768, Container: 80, Protocol: "tcp"}},
	}
	old := engine.Container{
		Summary:   engine.Summary{ID: "2", Name: "p-old-1", Claim: claim("old"), State: engine.StateRunning},
		Publishes: []engine.Port{{Container: 80, Protocol: "tcp"}},
		Ports:     []engine.Port{{HostIP: "0.0.0.0", Host: 32768, Container: 80, Protocol: "tcp"}},
	}
	got := Judge(doc, []engine.Container{web, old}, nil).Holdings["web"].InTheWay
	if want := (Obstacle{Kind: HoldsPort, Orphan: "p-old-1", Port: web.Publishes[0]}); len(got) != 1 || got["1"] != want {
		t.Errorf("in the way: %v, want %v", got, want)
	}
	web.State = engine.StateRunning
	if got := Judge(doc, []engine.Container{web, old}, nil).Holdings["web"].InTheWay; got != nil {
		t.Errorf("in the way of what runs: %v", got)
	}
}
