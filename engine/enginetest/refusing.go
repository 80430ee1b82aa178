package enginetest

import (
	"errors"
	"testing"

	"reconciler/engine"
)

// refusing is what Start tells of a refusal, and Holder of a port.
var refusing = []obligation{
	{"a refusal names the command that isn't there", refuseCommand},
	{"a refusal tells a container that is gone from one that doesn't run", refuseNamespace},
	{"a refusal names the port, and its holder is found", refusePort},
	{"a port that nobody has is nobody's", holdNothing},
}

// wantRefusal fails the test unless a start is refused for that kind of reason,
// and the container then doesn't run.
func wantRefusal(t *testing.T, w World, id string, kind engine.Refused) engine.Refusal {
	t.Helper()
	err := w.Engine().Start(t.Context(), id)
	return wantRefused(t, w, id, kind, err)
}

func wantRefused(t *testing.T, w World, id string, kind engine.Refused, err error) engine.Refusal {
	t.Helper()
	var r *engine.Refusal
	if !errors.As(err, &r) || r.Kind != kind || r.Words == "" {
		t.Fatalf("error %v, want it refused: %s", err, kind)
	}
	if !errors.Is(err, engine.ErrInvalid) || errors.Is(err, engine.ErrNotFound) || errors.Is(err, engine.ErrConflict) {
		t.Errorf("error %v, want ErrInvalid alone", err)
	}
	if c := inspect(t, w, id); c.State.Alive() {
		t.Errorf("it is %s", c.State)
	}
	return *r
}

func refuseCommand(t *testing.T, w World) {
	id := create(t, w, "web", Spec{Mode: ModeBroken})
	r := wantRefusal(t, w, id, engine.CommandNotFound)
	again := wantRefused(t, w, id, engine.CommandNotFound, w.Engine().Restart(t.Context(), id, 0))
	if r.Subject == "" || again.Subject != r.Subject {
		t.Errorf("it names the command %q, a restart %q", r.Subject, again.Subject)
	}
}

func refuseNamespace(t *testing.T, w World) {
	parent := create(t, w, "vpn", Spec{})
	child := create(t, w, "web", Spec{Joins: parent})
	r := wantRefusal(t, w, child, engine.NamespaceDown)
	if name := inspect(t, w, parent).Name; r.Subject != parent && r.Subject != name {
		t.Errorf("it names %s, want %s or %s", r.Subject, parent, name)
	}
	w.Remove(t, parent)
	if r := wantRefusal(t, w, child, engine.NamespaceGone); r.Subject != parent {
		t.Errorf("it names %s, want %s", r.Subject, parent)
	}
}

func refusePort(t *testing.T, w World) {
	p := engine.Port{Host: w.Port(t), Protocol: "tcp"}
	holder := create(t, w, "other", Spec{Publish: p.Host})
	w.HandStart(t, holder)
	web := create(t, w, "web", Spec{Publish: p.Host})
	if r := wantRefusal(t, w, web, engine.PortTaken); r.Port.Host != p.Host {
		t.Errorf("it names port %d, want %d", r.Port.Host, p.Host)
	}
	want := engine.Holder{Container: inspect(t, w, holder).Name, Project: w.Project()}
	if got, err := w.Engine().Holder(t.Context(), p); err != nil || got != want {
		t.Errorf("holder %+v, error %v, want %+v", got, err, want)
	}
	udp := engine.Port{Host: p.Host, Protocol: "udp"}
	if got, err := w.Engine().Holder(t.Context(), udp); err != nil || got.Container != "" {
		t.Errorf("of the same number of another protocol: holder %+v, error %v", got, err)
	}
	w.HandStop(t, holder)
	must(t, w.Engine().Start(t.Context(), create(t, w, "next", Spec{Publish: p.Host})))
}

func holdNothing(t *testing.T, w World) {
	if got, err := w.Engine().Holder(t.Context(), engine.Port{Protocol: "tcp"}); err != nil || got != (engine.Holder{}) {
		t.Errorf("holder of no port: %+v, error %v", got, err)
	}
	const never = 65533
	if got, err := w.Engine().Holder(t.Context(), engine.Port{Host: never, Protocol: "sctp"}); err != nil || got != (engine.Holder{}) {
		t.Errorf("holder of a port that nobody has: %+v, error %v", got, err)
	}
}
