package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reconciler/internal/siege"
)

const (
	besiegers   = 64
	besieged    = 1000 // services
	besiegedIn  = 128 << 20
	besiegedOut = 16 << 20 // of these what the kernel may hold for the sockets: 64 times its part of each
	siegeLasts  = 3 * time.Second
	siegedAlive = 30 * time.Second
)

var cages atomic.Int64 // that were made

// inCage starts a reconciler of the simulated engine in a cgroup with that much
// memory.
func inCage(t *testing.T, file string, limit int64, more ...string) (*daemon, *siege.Cage) {
	t.Helper()
	cage, err := siege.NewCage(fmt.Sprintf("reconciler-test-%d-%d", os.Getpid(), cages.Add(1)), limit)
	if err != nil {
		t.Skipf("no cgroup can be made here, so nothing is known of what a limit does: %v (run it as root, where the memory controller is)", err)
	}
	address := freeAddress(t)
	t.Cleanup(func() { // after the process has ended
		if err := cage.Close(); err != nil {
			t.Errorf("remove the cgroup: %v", err)
		}
	})
	d := start(t, address, file, func(args ...string) *exec.Cmd { return cage.Command(binary, args...) }, append([]string{"--engine", "sim", "--log-level", "warn"}, more...)...)
	d.ready()
	return d, cage
}

// Row E7: 64 clients at once, and 64 that read a byte a second, on each route,
// and on all of them together, with 1,000 services and 128 MiB: it lives, and
// whoever is answered is answered with what he asked for or is told that it is
// busy.
func TestNoRouteTakesMoreMemoryThanThereIs(t *testing.T) {
	d, cage := inCage(t, write(t, siege.Big(besieged, 500<<10, 0)), besiegedIn)
	t.Logf("in %d MiB of %s", besiegedIn>>20, cage.Kind())
	all := siege.Attacks(besieged)
	for _, a := range all {
		for _, a.Slow = range []bool{false, true} {
			d.besieged(cage, besiegers, a)
		}
	}
	for i := range all {
		all[i].Slow = i%2 == 0
	}
	d.besieged(cage, besiegers/len(all)+1, all...)
}

// besieged lets that many clients make each of the attacks at once, and wants
// the daemon to live on.
func (d *daemon) besieged(cage *siege.Cage, clients int, attacks ...siege.Attack) {
	t := d.t
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), siegeLasts)
	defer cancel()
	got := make([]siege.Result, len(attacks))
	var over sync.WaitGroup
	for i, a := range attacks {
		over.Go(func() { got[i] = siege.Lay(ctx, strings.TrimPrefix(d.url, "http://"), clients, a) })
	}
	over.Wait()
	_, sockets, err := cage.Peak()
	killed, err2 := cage.Killed()
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	memory, err := siege.Resident(d.cmd.Process.Pid)
	if err != nil {
		t.Errorf("it ended: %v", err)
	}
	for i, a := range attacks {
		t.Logf("%d × %s, slowly %v: %s; peak so far %d MiB, sockets %d MiB", clients, a.Name, a.Slow, got[i], memory>>20, sockets>>20)
		for code, n := range got[i].Codes {
			if code >= 400 && code != 503 && code != 422 { // 422: what one of them sends is no state
				t.Errorf("%s, slowly %v: %d × %d", a.Name, a.Slow, n, code)
			}
		}
	}
	select {
	case <-d.done:
		t.Fatalf("it ended: %s; %d killed for want of memory", d.cmd.ProcessState, killed)
	default:
	}
	// Apart, for what is resident has pages of the program in it that the kernel
	// takes back before it ends anybody.
	if memory > besiegedIn || sockets > besiegedOut {
		t.Errorf("%d bytes of it were in memory, and %d in its sockets: more than there is", memory, sockets)
	}
	d.livesOn()
}

// livesOn wants a flip to be made, and the health to be told, soon after.
func (d *daemon) livesOn() {
	d.t.Helper()
	within(d.t, siegedAlive, "alive after the siege", func() (bool, string) {
		if code, text := d.get("/healthz"); code != 200 {
			return false, text
		}
		request, err := http.NewRequest("PUT", d.url+"/v1/services/service-0001/state", bytes.NewReader([]byte("stopped")))
		if err != nil {
			return false, err.Error()
		}
		request.Header.Set("Content-Type", "text/plain")
		answer, err := d.client.Do(request)
		if err != nil {
			return false, err.Error()
		}
		defer answer.Body.Close()
		return answer.StatusCode/100 == 2, answer.Status
	})
}

// TestGoKeepsWithinTheMemoryOfTheCgroup unless the user says otherwise.
func TestGoKeepsWithinTheMemoryOfTheCgroup(t *testing.T) {
	d, _ := inCage(t, write(t, "version: 1\nproject: small\nservices: {web: running}\n"), 100<<20)
	if said := regexp.MustCompile(`(?m)^memory: .*$`).FindString(d.log.String()); said != "memory: at most 80 MiB, 80 % of what the cgroup may have" {
		t.Errorf("it says %q", said)
	}
	if limit := d.metric("go_gc_gomemlimit_bytes"); limit != 80<<20 {
		t.Errorf("the limit of Go is %v", limit)
	}
	t.Setenv("GOMEMLIMIT", "70MiB")
	d, _ = inCage(t, write(t, "version: 1\nproject: other\nservices: {web: running}\n"), 90<<20)
	if limit := d.metric("go_gc_gomemlimit_bytes"); limit != 70<<20 || !strings.Contains(d.log.String(), "memory: GOMEMLIMIT=70MiB") {
		t.Errorf("the limit of Go is %v: %s", limit, d.log)
	}
}
