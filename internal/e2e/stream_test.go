package e2e

import (
	"strings"
	"sync/atomic"
	"testing"
)

// Rows A1, A2, A3 and A5: events are hints. Whatever becomes of them, what
// drifted is repaired, once, and the stream is taken up again.
func TestWhateverBecomesOfTheEventsADriftIsRepairedOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		s := staged(h, "defaults: {settle: 0s, restart_backoff: {initial: 1s, max: 1s}}\n")
		p := before(t, h.address)
		var edit atomic.Pointer[func(string) string]
		end := make(chan struct{})
		whole := func(line string) string { return line }
		edit.Store(&whole)
		p.set(on("GET events", streamed(end, func(line string) string { return (*edit.Load())(line) })))
		s.keep(p.address)
		var did []string
		for _, c := range []struct {
			name string
			edit func(string) string
		}{
			{"whole", whole},
			{"each twice", func(line string) string { return line + line }},
			{"every second one", func() func(string) string {
				n := 0
				return func(line string) string {
					if n++; n%2 == 0 {
						return ""
					}
					return line
				}
			}()},
			{"none", func(string) string { return "" }},
			{"garbled", func(line string) string { return strings.Replace(line, ":", ";", 1) }},
			{"cut", func(line string) string { return half(line) + "\n" }},
		} {
			streams := p.count("GET events")
			edit.Store(&c.edit)
			s.must(h.ContainerKill(t.Context(), s.id["web"], "KILL"))
			did = append(did, "start web")
			if c.name == "none" { // no event: the next list tells
				s.d.send("POST", "/v1/reconcile", "{}")
			}
			s.did(did...)
			edit.Store(&whole)
			s.d.ready()
			s.d.converged(1)
			t.Logf("%s: repaired; %d streams were begun", c.name, p.count("GET events")-streams)
		}
		streams := p.count("GET events")
		close(end)
		eventually(t, "begun again", func() (bool, string) { return p.count("GET events") > streams, "" })
		p.set(nil)
		s.d.ready()
		s.must(h.ContainerKill(t.Context(), s.id["db"], "KILL"))
		s.over(append(did, "start db")...)
	})
}
