package sim_test

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reconciler/engine"
	"reconciler/engine/enginetest"
	"reconciler/engine/sim"
)

func TestTheTwinKeepsThePort(t *testing.T) {
	w := &world{sim: sim.New(sim.Options{Seed: 1})}
	w.run(t)
	enginetest.Run(t, w)
	if left := w.sim.String(); left != "" {
		t.Errorf("left behind:\n%s", left)
	}
}

// world is an enginetest.World in memory.
type world struct {
	sim   *sim.Engine
	names atomic.Int64
}

// run lets happen what is due by the wall clock until the test ends.
func (w *world) run(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var clock sync.WaitGroup
	clock.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			select {
			case <-tick.C:
				w.sim.Tick()
			case <-ctx.Done():
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		clock.Wait()
	})
}

func (w *world) Engine() engine.Engine { return w.sim }
func (w *world) Port(testing.TB) int   { return 8080 }
func (w *world) Project() string       { return "contract" }

func (w *world) Name(suffix string) string {
	return fmt.Sprintf("contract-%d-%s", w.names.Add(1), suffix)
}

func (w *world) Create(t testing.TB, s enginetest.Spec) string {
	spec := sim.Spec{
		Name: s.Name, Image: "contract:sim", Labels: map[string]string{},
		AutoRemove: s.AutoRemove, Always: s.Always, StopTimeout: s.StopTimeout,
		IgnoresTerm: s.Mode == enginetest.ModeIgnoreTerm, Says: s.Says, Mute: s.Mute,
	}
	if s.Publish > 0 {
		spec.Publishes = []engine.Port{{HostIP: "127.0.0.1", Host: s.Publish, Container: 80, Protocol: "tcp"}}
		spec.Addresses = []netip.Addr{netip.AddrFrom4([4]byte{172, 17, 0, 2})}
	}
	for i := range s.Networks {
		spec.Networks = append(spec.Networks, fmt.Sprintf("net-%d", i))
		spec.Unplugs = true
	}
	if s.Joins != "" {
		spec.Shares = []string{s.Joins}
	}
	maps.Copy(spec.Labels, s.Labels)
	if !s.Foreign {
		spec.Labels[engine.LabelProject] = w.Project()
	}
	switch s.Mode {
	case enginetest.ModeExit:
		spec.Lives, spec.Code = time.Nanosecond, s.Code
	case enginetest.ModeBroken:
		spec.Broken = "no such command"
	}
	if s.Healthy {
		spec.Health = engine.HealthHealthy
	}
	id := w.sim.Create(spec)
	t.Cleanup(func() {
		if _, err := w.sim.Inspect(context.Background(), id); err == nil {
			w.sim.Remove(id)
		}
	})
	return id
}

func (w *world) HandStart(_ testing.TB, id string)        { w.sim.HandStart(id) }
func (w *world) HandStop(_ testing.TB, id string)         { w.sim.HandStop(id) }
func (w *world) Kill(_ testing.TB, id string, signal int) { w.sim.Kill(id, signal) }
func (w *world) Pause(_ testing.TB, id string)            { w.sim.Pause(id) }
func (w *world) Unpause(_ testing.TB, id string)          { w.sim.HandUnpause(id) }
func (w *world) Rename(_ testing.TB, id, name string)     { w.sim.Rename(id, name) }
func (w *world) Disconnect(_ testing.TB, id string)       { w.sim.Disconnect(id) }
func (w *world) Remove(_ testing.TB, id string)           { w.sim.Remove(id) }
