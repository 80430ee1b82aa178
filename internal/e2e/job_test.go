package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"reconciler/engine/docker/dockertest"
)

// told waits until the service has that status, and says these words.
func (d *daemon) told(service, status, words string) {
	d.t.Helper()
	within(d.t, 3*time.Minute, service+" "+status, func() (bool, string) {
		is, reason, message := d.said(service)
		return is == status && strings.Contains(message, words), is + " " + reason + ": " + message
	})
}

// again kills the reconciler and starts another on the same file.
func (d *daemon) again(engine string) *daemon {
	d.t.Helper()
	d.end(syscall.SIGKILL)
	next := run(d.t, engine, d.file)
	next.ready()
	return next
}

// TestAJobRunsOnceAndStaysDone over restarts of reconciler, the loss of its
// container and, as long as that is there, the loss of what is remembered. What
// depends on it waits for it.
func TestAJobRunsOnceAndStaysDone(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		p := dockertest.Name()
		job := h.create(spec{name: p + "-migrate-1", project: p, service: "migrate"}) // at work until it is told to end: then it exits with 0
		web := h.labelled(p, "web", "migrate:service_completed_successfully:false", "none")
		d := run(t, h.address, write(t, "version: 1\nproject: "+p+"\ndefaults: {settle: 0s}\nservices: {migrate: completed, web: running}\n"))
		d.told("migrate", "running", "is at work")
		d.told("web", "waiting", "waits for migrate to be finished before it is started: "+p+"-migrate-1 is running")
		eventually(t, "the job ends", func() (bool, string) {
			_ = h.ContainerKill(t.Context(), job, "TERM") // it is lost where the process is not ready for it yet
			st := h.state(job)
			return st == "exited", st
		})
		d.told("migrate", "completed", "finished with exit code 0")
		d.told("web", "running", "")
		done, err := h.ContainerInspect(t.Context(), job)
		h.must(err)
		began, err := h.ContainerInspect(t.Context(), web)
		h.must(err)
		if began.State.StartedAt < done.State.FinishedAt {
			t.Errorf("web was started at %s, the job had finished at %s", began.State.StartedAt, done.State.FinishedAt)
		}

		since, ids := time.Now(), map[string]bool{job: true, web: true}
		nothing := func(after string) {
			t.Helper()
			d.converged(1)
			if acts := h.happened(since, ids); len(acts) > 0 {
				t.Errorf("after %s: %q", after, acts)
			}
			since = time.Now()
		}
		d = d.again(h.address)
		nothing("a restart")
		memory := filepath.Join(filepath.Dir(d.file), ".reconciler", "memory.json")
		d.end(syscall.SIGKILL)
		h.must(os.Remove(memory))
		d = d.again(h.address)
		nothing("a restart without what was remembered, as on the first one")

		h.must(h.ContainerRemove(t.Context(), job, container.RemoveOptions{}))
		since, ids = time.Now(), map[string]bool{web: true}
		d.told("migrate", "completed", "its container is gone")
		nothing("the removal of its container")
		d = d.again(h.address)
		d.told("migrate", "completed", "its container is gone")
		nothing("a restart without its container")

		d.end(syscall.SIGKILL)
		h.must(os.Remove(memory))
		d = d.again(h.address)
		d.told("migrate", "missing", "nothing here says how to create one")
		if acts := h.happened(since, ids); len(acts) > 0 || h.state(web) != "running" {
			t.Errorf("without its container and what was remembered: %q", acts)
		}
	})
}

// TestAJobThatFailsIsRunAgainByTheTable, and its edits keep it a job.
func TestAJobThatFailsIsRunAgainByTheTable(t *testing.T) {
	t.Parallel()
	table := []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second}
	onEach(t, func(t *testing.T, h *host) {
		t.Parallel()
		p := dockertest.Name()
		h.create(spec{name: p + "-migrate-1", project: p, service: "migrate", cmd: []string{"crash"}})
		once := h.create(spec{name: p + "-once-1", project: p, service: "once", cmd: []string{"0"}})
		happened := h.follow(p)
		d := run(t, h.address, write(t, "version: 1 # kept\nproject: "+p+"\ngroups: {all: [migrate, once, web]}\ndefaults: {settle: 0s, restart_backoff: {initial: 1s, max: 4s}}\n"+
			"services:\n  migrate: completed # runs until it succeeds\n  once: completed\n  web: stopped\n"), "--resync", "5m") // no list is what tells that it ran
		var l lives
		within(t, 3*time.Minute, "its runs", func() (bool, string) {
			l = happened()[p+"-migrate-1"]
			return len(l.took()) >= len(table), ""
		})
		for i, due := range table {
			if took := l.took()[i]; took < due {
				t.Errorf("run %d came %s after the exit, and was due after %s", i+2, took, due)
			}
		}
		t.Logf("run again after each exit by the table %v: %v", table, l.took()[:len(table)])
		d.told("migrate", "backing_off", "which exited with code 1, ended")
		d.told("once", "completed", "finished with exit code 0")

		put := func(path, body string, code int, says, wants string) {
			t.Helper()
			got, text := d.send("PUT", path, body)
			src, err := os.ReadFile(d.file)
			h.must(err)
			if got != code && (code != 202 || got != 200) || !strings.Contains(text, says) || !strings.Contains(string(src), wants) {
				t.Errorf("PUT %s %s: %d %s\n%s", path, body, got, text, src)
			}
		}
		put("/v1/services/migrate/state", `{"state":"stopped"}`, 202, "", "\n  migrate: {job: true, state: stopped} # runs until it succeeds\n")
		d.converged(2)
		put("/v1/services/migrate/state", `{"state":"running"}`, 202, "", "\n  migrate: {job: true, state: completed} # runs until it succeeds\n")
		put("/v1/services/web/state", `{"state":"completed"}`, 422, "web is no job", "\n  web: stopped\n")
		put("/v1/groups/all/state", `{"state":"completed"}`, 202, "web is skipped: it is no job", "\n  web: stopped\n")
		put("/v1/groups/all/state", `{"state":"stopped"}`, 202, "", "\n  once: {job: true, state: stopped}\n  web: stopped\n")
		put("/v1/services/state", `{"once":"running"}`, 202, "", "\n  once: {job: true, state: completed}\n")

		// It stays done until it is asked to run again.
		was := h.fingerprint(once)
		if code, text := d.send("POST", "/v1/services/once/start?wait=30s", "{}"); code != 200 || h.fingerprint(once) != was {
			t.Errorf("start of what is done: %d %s; was %s, is %s", code, text, was, h.fingerprint(once))
		}
		if code, text := d.send("POST", "/v1/services/once/restart?wait=60s", "{}"); code != 200 {
			t.Errorf("restart: %d %s", code, text)
		}
		within(t, time.Minute, "it ran again, once", func() (bool, string) {
			l := happened()[p+"-once-1"]
			status, _, message := d.said("once")
			return len(l.starts) == 2 && status == "completed" && h.fingerprint(once) != was, status + ": " + message
		})
	})
}
