package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api"
)

// Rows B1, B2, C11 and C12: the engine is ended, or killed, and comes back, with
// and without live-restore. db and off have the policy `always`, the others
// none; probed has a healthcheck, which an engine may forget on its return.
func TestAfterTheEnginesReturnAllIsAsTheFileSays(t *testing.T) {
	t.Parallel()
	for _, live := range []bool{false, true} {
		t.Run(fmt.Sprintf("live-restore %v", live), func(t *testing.T) {
			t.Parallel()
			onEachPrivate(t, func(t *testing.T, current bool) {
				dir := shortDir(t)
				if err := os.WriteFile(filepath.Join(dir, "daemon.json"), fmt.Appendf(nil, `{"live-restore":%v}`, live), 0o644); err != nil {
					t.Fatal(err)
				}
				h := connect(t, private(t, dir, current))
				s := staged(h, "defaults: {unhealthy_grace: 1s}\n", "db", "off")
				s.also("probed: running")
				h.health(h.probed(s.project, "probed", "/app", "probe"), "healthy")
				s.keep(h.address)
				h.start(s.id["off"]) // and so the engine may think that it should run
				did := []string{"stop off"}
				s.over(did...)
				// What ends in peace takes its socket along.
				for signal, why := range map[syscall.Signal]string{syscall.SIGTERM: "no such file", syscall.SIGKILL: "connection refused"} {
					web, db := h.fingerprint(s.id["web"]), h.fingerprint(s.id["db"])
					began := time.Now()
					killEngine(t, dir, signal)
					s.d.tells(why)
					private(t, dir, current)
					up := time.Now()
					s.d.ready()
					s.d.converged(1)
					t.Logf("%v: converged %s after the engine was back, %s after the signal", signal, time.Since(up).Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
					all := s.d.actions()
					now := slices.Clone(all[len(did):])
					_, _, message := s.d.said("probed")
					t.Logf("%v: reconciler did %q, off is %s; %s", signal, now, h.state(s.id["off"]), message)
					if slices.Sort(now); len(slices.Compact(slices.Clone(now))) != len(now) {
						t.Errorf("it did something twice: %q", now)
					}
					for _, action := range now {
						if action != "stop off" && (action != "start web" && action != "start probed" || live) {
							t.Errorf("it did %q", action)
						}
					}
					if live && (h.fingerprint(s.id["web"]) != web || h.fingerprint(s.id["db"]) != db) {
						t.Errorf("web was %s, is %s; db was %s, is %s", web, h.fingerprint(s.id["web"]), db, h.fingerprint(s.id["db"]))
					}
					if !live {
						if st := h.state(s.id["foreign"]); st != "exited" {
							t.Errorf("the foreign container is %s, which the engine ended", st)
						}
						s.foreign = h.fingerprint(s.id["foreign"])
					}
					did = all
				}
				s.over(did...)
			})
		})
	}
}

// Row B6: an engine is exchanged for a newer one, and that for the older one.
func TestAnEngineThatIsExchangedForAnotherVersionIsSpokenToInThat(t *testing.T) {
	t.Parallel()
	mayStart(t, true)
	dir := shortDir(t)
	h := connect(t, private(t, dir, false))
	s := staged(h, "")
	s.keep(h.address)
	spoken := func(version string) {
		t.Helper()
		eventually(t, "spoken "+version, func() (bool, string) {
			log := s.d.log.String()
			last := log[max(0, strings.LastIndex(log, "engine connected")):]
			return strings.Contains(last, "API "+version), last
		})
	}
	killEngine(t, dir, syscall.SIGTERM)
	s.d.tells("no such file")
	private(t, dir, true)
	spoken(api.DefaultVersion) // the newest of our client's
	s.d.converged(1)
	killEngine(t, dir, syscall.SIGTERM)
	s.d.tells("no such file")
	private(t, dir, false)
	s.d.ready()
	s.d.converged(1)
	spoken("1.41")
	s.foreign = h.fingerprint(s.id["foreign"]) // the engine ended it
	got := s.d.actions()
	slices.Sort(got)
	if want := []string{"start db", "start db", "start web", "start web"}; !slices.Equal(got, want) {
		t.Errorf("it did %q, want %q", got, want)
	}
	s.well()
}

// Row B3: the engine takes connections and answers none of them.
func TestAnEngineThatIsFrozenCostsFewConnectionsAndNoRestart(t *testing.T) {
	t.Parallel()
	onEachPrivate(t, func(t *testing.T, current bool) {
		t.Parallel()
		dir := shortDir(t)
		h := connect(t, private(t, dir, current))
		const many = 12 // more than the 8 that are stopped at once
		s := staged(h, "defaults: {stop_grace_period: 0s}\n")
		var more []string
		flip := `{"c0":"stopped"`
		for i := range many {
			service := fmt.Sprintf("c%d", i)
			s.start(h.create(spec{name: s.container(service), project: s.project, service: service}))
			more = append(more, service+": running")
			if i > 0 {
				flip += fmt.Sprintf(`,%q:"stopped"`, service)
			}
		}
		s.also(more...)
		s.keep(h.address)

		signalEngine(t, dir, syscall.SIGSTOP)
		thawed := false
		thaw := func() {
			if !thawed {
				thawed = true
				signalEngine(t, dir, syscall.SIGCONT)
			}
		}
		t.Cleanup(thaw) // before the engine is ended
		began := time.Now()
		if code, answer := s.d.send("PUT", "/v1/services/state", flip+"}"); code != 202 && code != 200 {
			t.Fatalf("a flip while the engine is frozen: %d %s", code, answer)
		}
		most := 0
		eventually(t, "not ready", func() (bool, string) {
			most = max(most, s.d.connections())
			code, text := s.d.get("/readyz")
			return code == 503 && strings.Contains(text, "no answer within 10s"), text
		})
		told := time.Since(began)
		s.d.tells("no answer within 10s")
		// As long as the longest deadline of a call, and somewhat: all have had it.
		within(t, frozen(t)+time.Minute, "all calls had their deadline", func() (bool, string) {
			most = max(most, s.d.connections())
			return time.Since(began) > frozen(t), ""
		})
		if code, text := s.d.get("/healthz"); code != 200 {
			t.Errorf("not live: %d %s", code, text)
		}
		if limit := 8 + 4 + 1; most > limit { // stops, reads and the stream of events
			t.Errorf("%d connections to the engine, more than %d", most, limit)
		}
		thaw()
		thawnAt := time.Now()
		s.d.ready()
		s.d.converged(2)
		t.Logf("told after %s; at most %d connections in %s; converged %s after it went on", told.Round(time.Millisecond), most, thawnAt.Sub(began).Round(time.Second), time.Since(thawnAt).Round(time.Millisecond))
		for i := range many {
			if st := h.state(s.container(fmt.Sprintf("c%d", i))); st != "exited" {
				t.Errorf("c%d is %s", i, st)
			}
		}
		for _, action := range s.d.actions() {
			if !strings.HasPrefix(action, "stop c") {
				t.Errorf("it did %q", action)
			}
		}
		s.well()
	})
}

// frozen is for how long an engine is frozen: RECONCILER_FROZEN, else 20 s.
func frozen(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("RECONCILER_FROZEN")
	if text == "" {
		return 20 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("RECONCILER_FROZEN: %v", err)
	}
	return d
}

// connections is how many unix sockets the process has connected: it has none
// but those to the engine.
func (d *daemon) connections() int {
	d.t.Helper()
	table, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		d.t.Fatal(err)
	}
	unix := make(map[string]bool)
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 6 {
			unix["socket:["+f[6]+"]"] = true
		}
	}
	fds := fmt.Sprintf("/proc/%d/fd", d.cmd.Process.Pid)
	entries, err := os.ReadDir(fds)
	if err != nil {
		d.t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if to, err := os.Readlink(filepath.Join(fds, e.Name())); err == nil && unix[to] { // else it was closed meanwhile
			n++
		}
	}
	return n
}

// Row B8: the power goes, and reconciler and the engine come up together, in
// whatever order. What has a policy is the engine's to start, what has none is
// started in the order of depends_on.
func TestAfterARebootStartsFollowDependsOnAndNothingIsDoubled(t *testing.T) {
	t.Parallel()
	onEachPrivate(t, func(t *testing.T, current bool) {
		t.Parallel()
		dir := shortDir(t)
		h := connect(t, private(t, dir, current))
		s := staged(h, "defaults: {settle: 0s}\n", "db", "off")
		for service, depends := range map[string]string{"api": "store:service_started:true", "store": "", "page": "api:service_started:false"} {
			s.id[service] = h.labelled(s.project, service, depends, "none")
		}
		s.also("page: running", "api: running", "store: running")
		for _, service := range []string{"store", "api", "page", "off"} {
			h.start(s.id[service])
		}
		killEngine(t, dir, syscall.SIGKILL)
		stopEngine(t, dir)

		booted := time.Now()
		s.d = run(t, h.address, s.file)
		private(t, dir, current)
		s.d.ready()
		s.d.converged(1)
		var starts []time.Time
		for _, service := range []string{"db", "store", "api", "page", "web"} {
			c, err := h.ContainerInspect(t.Context(), s.id[service])
			h.must(err)
			at, err := time.Parse(time.RFC3339Nano, c.State.StartedAt)
			h.must(err)
			t.Logf("%s was started %s after power-on, at %s (restart policy %q)", service, at.Sub(booted).Round(time.Millisecond), at.Format(time.StampMilli), c.HostConfig.RestartPolicy.Name)
			starts = append(starts, at)
		}
		if !starts[1].Before(starts[2]) || !starts[2].Before(starts[3]) {
			t.Error("store, api and page were not started in this order")
		}
		eventually(t, "off is stopped", func() (bool, string) { st := h.state(s.id["off"]); return st == "exited", st })
		did := s.d.actions()
		slices.Sort(did)
		t.Logf("reconciler did %q", did)
		did = slices.DeleteFunc(did, func(action string) bool { return action == "stop off" }) // if the engine had started it
		if want := []string{"start api", "start page", "start store", "start web"}; !slices.Equal(did, want) {
			t.Errorf("it did %q, want %q", did, want)
		}
		if st := h.state(s.id["foreign"]); st != "exited" {
			t.Errorf("the foreign container is %s", st)
		}
	})
}
