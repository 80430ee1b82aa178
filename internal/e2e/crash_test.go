package e2e

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"reconciler/engine/docker/dockertest"
)

// lives is when a container was started by what the engine told, and when its
// runs began and ended by what it could be seen to be then; ended is known of
// those that were looked at in time, as nearly all are.
type lives struct{ starts, began, ended []time.Time }

// took is how long after the run before it each run began, from the second one
// on; longer where that one's end was not seen.
func (l lives) took() []time.Duration {
	var all []time.Duration
	for _, at := range l.began[min(1, len(l.began)):] {
		before, _ := slices.BinarySearchFunc(l.ended, at, time.Time.Compare)
		if before == 0 {
			continue
		}
		all = append(all, at.Sub(l.ended[before-1]).Round(time.Millisecond))
	}
	return all
}

// note adds the time where it belongs, once.
func note(times []time.Time, text string) []time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	i, known := slices.BinarySearchFunc(times, at, time.Time.Compare)
	if err != nil || at.Year() == 1 || known {
		return times
	}
	return slices.Insert(times, i, at)
}

// follow listens to what happens to the project's containers, and tells of
// their lives so far, by name. The engine tells of an end late, after it has
// cleared up; so each container is looked at whenever it tells of it.
func (h *host) follow(project string) func() map[string]lives {
	h.t.Helper()
	messages, errs := h.Events(h.t.Context(), events.ListOptions{Filters: filters.NewArgs(filters.Arg("type", "container"),
		filters.Arg("label", "com.docker.compose.project="+project))})
	var mu sync.Mutex
	var lost error
	all := map[string]lives{}
	change := func(name string, to func(*lives)) {
		mu.Lock()
		defer mu.Unlock()
		l := all[name]
		to(&l)
		all[name] = l
	}
	look := func(name string) {
		c, err := h.ContainerInspect(h.t.Context(), name)
		if err != nil {
			return // then this look tells nothing
		}
		change(name, func(l *lives) {
			l.began, l.ended = note(l.began, c.State.StartedAt), note(l.ended, c.State.FinishedAt)
		})
	}
	go func() {
		for {
			select {
			case m := <-messages:
				name := m.Actor.Attributes["name"]
				if m.Action == events.ActionStart {
					change(name, func(l *lives) { l.starts = append(l.starts, time.Unix(0, m.TimeNano)) })
				}
				if m.Action == events.ActionStart || m.Action == events.ActionDie {
					go look(name)
				}
			case err := <-errs:
				mu.Lock()
				lost = err
				mu.Unlock()
				return
			}
		}
	}()
	return func() map[string]lives {
		h.t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if lost != nil {
			h.t.Fatalf("the events ended: %v", lost)
		}
		told := map[string]lives{}
		for name, l := range all {
			told[name] = lives{slices.Clone(l.starts), slices.Clone(l.began), slices.Clone(l.ended)}
		}
		return told
	}
}

// TestACrashLoopIsStartedByItsTableAndToldEverywhere: the table of the file is
// the kubelet's, ten times as fast.
func TestACrashLoopIsStartedByItsTableAndToldEverywhere(t *testing.T) {
	t.Parallel()
	table := []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second}
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		p := dockertest.Name()
		h.create(spec{name: p + "-web-1", project: p, service: "web", cmd: []string{"crash"}})
		h.create(spec{name: p + "-always-1", project: p, service: "always", cmd: []string{"1"}, restart: "always"})
		happened := h.follow(p)
		d := run(t, h.address, write(t, "version: 1\nproject: "+p+"\ndefaults: {settle: 0s, restart_backoff: {initial: 1s, max: 8s}}\nservices: {web: running, always: running}\n"))
		metric := func(name string) float64 { return d.metric(name + `\{project="` + p + `",[^}]*service="web"\}`) }

		d.ready()
		within(t, 3*time.Minute, "the next attempt is told everywhere", func() (bool, string) {
			s := d.service("web")
			if s.Status != "backing_off" || time.Until(*s.Backoff.NextAttempt) < time.Second {
				return false, s.Status
			}
			next := *s.Backoff.NextAttempt
			at, wait := metric("reconciler_service_next_attempt_timestamp_seconds"), metric("reconciler_service_backoff_seconds")
			_, page := d.get("/")
			if again := d.service("web").Backoff.NextAttempt; again == nil || !again.Equal(next) {
				return false, "it was started meanwhile"
			}
			if math.Abs(at-float64(next.UnixNano())/1e9) > 0.001 || wait <= 0 || wait > 8.8 {
				t.Fatalf("metrics: next attempt %f in %f s, not %s", at, wait, next)
			}
			if want := `<time datetime="` + next.Format(time.RFC3339) + `">`; !strings.Contains(page, want) {
				t.Fatalf("the page has no %s:\n%s", want, page)
			}
			return true, ""
		})
		var web lives
		within(t, 5*time.Minute, "its starts", func() (bool, string) {
			web = happened()[p+"-web-1"]
			return len(web.began) > len(table), fmt.Sprint(len(web.began))
		})
		took := web.took()
		if len(took) < len(table) {
			t.Fatalf("the ends of its runs were not seen: %v", web)
		}
		for i, due := range table {
			if took[i] < due {
				t.Errorf("start %d came %s after the exit, and was due after %s", i+1, took[i], due)
			}
		}
		t.Logf("started after each exit by the table %v: %v", table, took)
		eventually(t, "each start after an exit is counted", func() (bool, string) {
			n, starts := metric("reconciler_service_restarts_total"), len(happened()[p+"-web-1"].starts)
			return n == float64(starts-1), fmt.Sprintf("%v of %d after the first", n, starts-1)
		})

		// What the engine itself restarts is told, and left to it.
		eventually(t, "a crash loop", func() (bool, string) {
			_, text := d.get("/v1/services/always")
			return strings.Contains(text, `"reason": "CrashLoop"`) && strings.Contains(text, `"ready": false`), text
		})
		if n := d.metric(`reconciler_service_restarts_total\{project="` + p + `",[^}]*service="always"\}`); n != 0 {
			t.Errorf("it was started %v times, besides by the engine", n)
		}
	})
}

// TestThirtyCrashLoopsKeepTheBudgetOfARealHost: each ends as soon as it began.
func TestThirtyCrashLoopsKeepTheBudgetOfARealHost(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		const loops, budget, window = 30, 10, 10 * time.Second
		p := dockertest.Name()
		state := "version: 1\nproject: " + p + "\ndefaults: {settle: 0s}\nservices:\n"
		for i := range loops {
			service := fmt.Sprintf("s%02d", i)
			state += "  " + service + ": running\n"
			h.create(spec{name: p + "-" + service + "-1", project: p, service: service, cmd: []string{"1"}})
		}
		happened := h.follow(p)
		d := run(t, h.address, write(t, state))
		within(t, 5*time.Minute, "some wait for the budget", func() (bool, string) {
			_, text := d.get("/v1/services?status=waiting")
			return strings.Contains(text, `"reason": "Budget"`), text
		})
		crashes := max(1, rounds(t)/3) // that each is started after
		var all map[string]lives
		within(t, 10*time.Minute, "each was started after its crashes", func() (bool, string) {
			all = happened()
			fewest := 1 << 30
			for _, l := range all {
				fewest = min(fewest, len(l.starts))
			}
			return len(all) == loops && fewest > crashes, fmt.Sprintf("%d of them, at least %d times", len(all), fewest)
		})

		var starts []time.Time
		fewest, most := loops, 0
		for _, l := range all {
			starts = append(starts, l.starts[1:]...) // the first one is after no crash
			fewest, most = min(fewest, len(l.starts)-1), max(most, len(l.starts)-1)
		}
		slices.SortFunc(starts, time.Time.Compare)
		busiest := 0
		for i, at := range starts {
			n := 0
			for _, later := range starts[i:] {
				if later.Sub(at) < window {
					n++
				}
			}
			busiest = max(busiest, n)
		}
		if busiest > budget {
			t.Errorf("%d crash restarts began within %s", busiest, window)
		}
		t.Logf("%d crash restarts in %s, %d to %d of each, at most %d within %s", len(starts),
			starts[len(starts)-1].Sub(starts[0]).Round(time.Second), fewest, most, busiest, window)
	})
}
