package plan

import (
	"fmt"
	"testing"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

// BenchmarkDecision is one decision about one service, as the loop makes it
// whenever something was heard: of what is as wanted, of what crashed and has
// to wait, and of what can't be started.
func BenchmarkDecision(b *testing.B) {
	service := desired.Service{
		Name: "web", ComposeService: "web", State: desired.Running, Settle: 3 * time.Second,
		OnUnhealthy: desired.UnhealthyRestart, UnhealthyGrace: 30 * time.Second, OnPaused: desired.PausedIgnore,
		StopGracePeriod: -1, ProgressDeadline: 10 * time.Minute,
		RestartBackoff: desired.RestartBackoff{Initial: 10 * time.Second, Max: 5 * time.Minute, ResetAfter: 10 * time.Minute},
		Retry:          desired.Retry{Initial: time.Second, Max: time.Minute},
	}
	around := Around{Since: noon.Add(-time.Hour), Budget: Budget{Free: 10}}
	holding := func(n int, state engine.State, started time.Time) own.Holding {
		var have own.Holding
		for i := range n {
			c := engine.Container{Summary: engine.Summary{ID: fmt.Sprint("id-", i+1), Name: fmt.Sprint("p-web-", i+1)}}
			c.State, c.StartedAt, c.Health = state, started, engine.HealthHealthy
			if state == engine.StateExited {
				c.FinishedAt, c.ExitCode, c.Health = started.Add(time.Second), 1, engine.HealthNone
			}
			have.Replicas = append(have.Replicas, own.Replica{Number: i + 1, Container: c})
		}
		return have
	}
	crash := func(past Past, n int) (Past, own.Holding) {
		var have own.Holding
		for i := range n {
			at := noon.Add(time.Duration(i) * time.Second)
			past = Diff(service, holding(1, engine.StateRunning, at), around, past, at).Past
			have = holding(1, engine.StateExited, at)
			past = Diff(service, have, around, past, at.Add(time.Second)).Past
		}
		return past, have
	}
	for _, n := range []int{1, 20} {
		service.Replicas = n
		have := holding(n, engine.StateRunning, noon.Add(-30*time.Minute))
		past := Diff(service, have, around, Past{}, noon).Past
		b.Run(fmt.Sprintf("as wanted/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if p := Diff(service, have, around, past, noon.Add(time.Minute)); !p.Converged {
					b.Fatal(p)
				}
			}
		})
	}
	service.Replicas = 1
	b.Run("backing off", func(b *testing.B) {
		past, have := crash(Past{}, 3)
		b.ReportAllocs()
		for range b.N {
			if p := Diff(service, have, around, past, noon.Add(4*time.Second)); p.Status != StatusBackingOff {
				b.Fatal(p)
			}
		}
	})
	b.Run("call", func(b *testing.B) {
		have := holding(1, engine.StateExited, noon.Add(-time.Hour))
		p := Diff(service, have, around, Past{}, noon)
		if len(p.Actions) != 1 {
			b.Fatal(p)
		}
		r := Result{Action: p.Actions[0], Before: have.Replicas[0].Container, Err: engine.ErrInvalid, Now: noon}
		b.ReportAllocs()
		for range b.N {
			past := p.Past.After(r, service.Retry)
			if p := Diff(service, have, around, past, noon.Add(time.Millisecond)); p.Status != StatusBackingOff {
				b.Fatal(p)
			}
		}
	})
}
