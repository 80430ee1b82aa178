package sim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"reconciler/engine"
	"reconciler/engine/sim"
)

// journal is the log of a container, as far as it is read with that.
func journal(t *testing.T, e *sim.Engine, id string, opt engine.LogOptions, each func(line string)) (string, error) {
	t.Helper()
	var text strings.Builder
	err := e.Logs(t.Context(), id, opt, func(chunk []byte) error {
		text.Write(chunk)
		each(string(chunk))
		return nil
	})
	return text.String(), err
}

func nothing(string) {}

func TestALogTellsALife(t *testing.T) {
	e := sim.New(sim.Options{})
	id := e.Create(sim.Spec{Name: "web", Says: []string{"listening"}})
	e.HandStart(id)
	e.Pause(id)
	e.HandUnpause(id)
	e.Print(id, "GET /")
	e.Exit(id, 3)
	got, err := journal(t, e, id, engine.LogOptions{Tail: 100}, nothing)
	want := "started\nlistening\npaused\nunpaused\nGET /\nexited with code 3\n"
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v (- want, + got):\n%s", err, diff)
	}
}

func TestALogKeepsTheLastThousandLines(t *testing.T) {
	e := sim.New(sim.Options{})
	id := e.Create(sim.Spec{Name: "web"})
	for n := range 1500 {
		e.Print(id, fmt.Sprint(n))
	}
	got, err := journal(t, e, id, engine.LogOptions{Tail: 10_000}, nothing)
	if lines := strings.Fields(got); len(lines) != 1000 || lines[0] != "500" || err != nil {
		t.Errorf("%d lines, the first %.10q, error %v", len(lines), got, err)
	}
}

func TestAFollowEndsWithTheRunHoweverSlowItIs(t *testing.T) {
	e := sim.New(sim.Options{})
	id := e.Create(sim.Spec{Name: "web", State: engine.StateRunning})
	got, err := journal(t, e, id, engine.LogOptions{Tail: 1, Follow: true}, func(line string) {
		if line == "started\n" {
			e.Print(id, "working")
			e.Exit(id, 1)
			e.HandStart(id)
			e.Exit(id, 2)
		}
	})
	if want := "started\nworking\nexited with code 1\n"; got != want || err != nil {
		t.Errorf("%q, error %v, want %q", got, err, want)
	}
}

func TestAFollowerWhoIsTooSlowMissesWhatIsNoLongerKept(t *testing.T) {
	e := sim.New(sim.Options{})
	id := e.Create(sim.Spec{Name: "web", State: engine.StateRunning})
	got, err := journal(t, e, id, engine.LogOptions{Tail: 1, Follow: true}, func(line string) {
		if line == "started\n" {
			for n := range 3000 {
				e.Print(id, fmt.Sprint(n))
			}
			e.Exit(id, 0)
		}
	})
	if !strings.HasPrefix(got, "started\n2001\n") || !strings.HasSuffix(got, "2999\nexited with code 0\n") || err != nil {
		t.Errorf("%.20q…, error %v", got, err)
	}
	e.HandStart(id)
	got, err = journal(t, e, id, engine.LogOptions{Tail: 1, Follow: true}, func(line string) {
		if line == "started\n" {
			e.Exit(id, 7)
			for n := range 3000 {
				e.Print(id, fmt.Sprint(n))
			}
		}
	})
	if got != "started\n" || err != nil {
		t.Errorf("after its end was forgotten: %.80q, error %v", got, err)
	}
}

func TestAFollowEndsWithTheEngine(t *testing.T) {
	e := sim.New(sim.Options{})
	id := e.Create(sim.Spec{Name: "web", State: engine.StateRunning})
	_, err := journal(t, e, id, engine.LogOptions{Tail: 1, Follow: true}, func(string) { e.Down() })
	if !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
}
