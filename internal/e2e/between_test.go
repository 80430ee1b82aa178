package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/container"

	"reconciler/engine/docker/dockertest"
)

// Row C1: between the decision and the call somebody is quicker. What the engine
// answers then is an outcome, and the next decision is about what is.
func TestWhoIsQuickerThanACallIsNotFought(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		project := dockertest.Name()
		p := before(t, h.address)
		state := "version: 1\nproject: " + project + "\ndefaults: {settle: 0s, retry: {initial: 1s, max: 1s}}\nservices:\n"
		ids := make(map[string]string)
		for _, service := range []string{"removed", "started", "paused", "renamed", "halted", "vanished"} {
			ids[service] = h.create(spec{name: project + "-" + service + "-1", project: project, service: service})
			h.start(ids[service])
			state += "  " + service + ": running\n"
		}
		var mu sync.Mutex
		hands := make(map[string]func(id string) error) // by call; each is quicker once
		quicker := func(verb, service string, hand func(id string) error) {
			hands["POST containers/"+ids[service]+"/"+verb] = hand
		}
		remove := func(id string) error {
			return h.ContainerRemove(t.Context(), id, container.RemoveOptions{Force: true})
		}
		start := func(id string) error { return h.ContainerStart(t.Context(), id, container.StartOptions{}) }
		quicker("start", "removed", remove)                                                                                   // 404
		quicker("start", "started", start)                                                                                    // 304
		quicker("start", "paused", func(id string) error { h.must(start(id)); return h.ContainerPause(t.Context(), id) })     // 409
		quicker("start", "renamed", func(id string) error { return h.ContainerRename(t.Context(), id, project+"-other") })    // it is started
		quicker("stop", "halted", func(id string) error { return h.ContainerStop(t.Context(), id, container.StopOptions{}) }) // 304
		quicker("stop", "vanished", remove)                                                                                   // 404
		p.set(func(w http.ResponseWriter, r *http.Request, engine http.Handler) {
			mu.Lock()
			hand := hands[call(r)]
			delete(hands, call(r))
			mu.Unlock()
			if hand != nil {
				if err := hand(strings.Split(r.URL.Path, "/")[3]); err != nil {
					t.Errorf("%s: %v", call(r), err)
				}
			}
			engine.ServeHTTP(w, r)
		})
		d := run(t, p.address, write(t, state), "--resync", "1s")
		d.converged(1)
		for _, service := range []string{"removed", "started", "paused", "renamed"} {
			h.must(h.ContainerKill(t.Context(), ids[service], "KILL"))
		}
		if code, text := d.send("PUT", "/v1/services/state", `{"halted":"stopped","vanished":"stopped"}`); code != 200 && code != 202 {
			t.Fatalf("flip: %d %s", code, text)
		}
		is := func(service, status, reason string) {
			t.Helper()
			eventually(t, service+" "+status+" "+reason, func() (bool, string) {
				s, why, message := d.said(service)
				return s == status && why == reason, s + " " + why + ": " + message
			})
		}
		is("removed", "missing", "ContainerMissing")
		is("started", "running", "")
		is("paused", "paused", "")
		is("renamed", "unknown", "AmbiguousContainer")
		is("halted", "stopped", "")
		is("vanished", "absent", "")
		want := map[string]int{"start removed gone": 1, "start started": 1, "start paused error": 1, "start renamed": 1, "stop halted": 1, "stop vanished gone": 1}
		eventually(t, "all calls were made", func() (bool, string) { n := len(d.actions()); return n >= len(want), fmt.Sprint(n) })
		done := make(map[string]int)
		for _, action := range d.actions() {
			done[action]++
		}
		if !maps.Equal(done, want) {
			t.Errorf("it did %v, want %v", done, want)
		}
		if gone := d.metric(`reconciler_actions_total\{outcome="gone",[^}]*\}`); gone != 2 {
			t.Errorf("%v calls are counted as gone", gone)
		}

		// And on it goes with what there is then.
		h.create(spec{name: project + "-removed-1", project: project, service: "removed"})
		h.must(h.ContainerUnpause(t.Context(), ids["paused"]))
		h.must(h.ContainerRename(t.Context(), ids["renamed"], project+"-renamed-1"))
		d.converged(2)
		for service := range ids {
			status, _, _ := d.said(service)
			t.Log(service, "ends", status)
		}
		eventually(t, "the new one was started", func() (bool, string) { n := len(d.actions()); return n > len(want), fmt.Sprint(n) })
		if all := d.actions(); len(all) != len(want)+1 || all[len(want)] != "start removed" {
			t.Errorf("it did %v", all)
		}
	})
}

// Row C4: who has the name is never touched, and named.
func TestAForeignContainerKeepsItsName(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		project := dockertest.Name()
		foreign := h.create(spec{name: project + "-web", project: project + "x", service: "web"})
		h.start(foreign)
		was := h.fingerprint(foreign)
		d := run(t, h.address, write(t, "version: 1\nproject: "+project+"\ncontainer_name: \""+project+"-{service}\"\nservices: {web: running}\n"), "--resync", "1s")
		eventually(t, "named", func() (bool, string) {
			_, why, message := d.said("web")
			return why == "NameConflict" && strings.Contains(message, foreign[:12]) && strings.Contains(message, project+"x"), why + ": " + message
		})
		if n := d.metric(`reconciler_service_stalled\{[^}]*reason="NameConflict"[^}]*\}`); n != 1 {
			t.Errorf("stalled by the metric: %v", n)
		}
		eventually(t, "looked again", func() (bool, string) { n := d.calls("list"); return n > 2, fmt.Sprint(n) })
		if now := h.fingerprint(foreign); now != was || len(d.actions()) > 0 {
			t.Errorf("it was touched: %s, then %s: %v", was, now, d.actions())
		}
		h.must(h.ContainerRename(t.Context(), foreign, project+"-away"))
		h.create(spec{name: project + "-web", project: project, service: "web"})
		d.converged(1)
		if got := d.actions(); fmt.Sprint(got) != "[start web]" {
			t.Errorf("it did %v", got)
		}
	})
}
