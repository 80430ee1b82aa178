package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"reconciler/api"
	"reconciler/desired"
	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/observed"
	"reconciler/reconcile"
)

// simulated is the daemon without its doors and its watch: the file, the loop on
// a simulated engine on which web runs, and HTTP at the URL.
func simulated(t *testing.T) (e *sim.Engine, loop *reconcile.Loop, url string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "state.yaml")
	if err := os.WriteFile(file, []byte("version: 1\nproject: shop\nservices: {web: running}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := desired.Open(desired.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	e = sim.New(sim.Options{})
	e.Populate(store.Snapshot().Document)
	o := observed.New(observed.Options{Engine: e, Project: "shop", Changed: func() { loop.Wake() }})
	r, err := reconcile.New(reconcile.Options{Engine: e, World: o, Desired: store})
	if err != nil {
		t.Fatal(err)
	}
	loop = reconcile.NewLoop(r, 2)
	store.Subscribe(func(desired.Report) { loop.Wake() })
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = o.Run(ctx) })
	running.Go(func() { _ = loop.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	a := api.New(api.Options{Loop: loop, State: store, History: reconcile.NewHistory("boot", 8), Version: "test", Metrics: http.NotFoundHandler()})
	server := httptest.NewServer(a.Handler(api.Door{Address: "127.0.0.1:0", Grants: api.Admin}))
	t.Cleanup(server.Close)
	until(t, "web is looked at", loop, func(n reconcile.Service) bool { return n.Converged })
	return e, loop, server.URL
}

// until waits until web is so.
func until(t *testing.T, what string, loop *reconcile.Loop, ok func(reconcile.Service) bool) {
	t.Helper()
	for patience := time.After(time.Minute); ; {
		changed := loop.Changed()
		o := loop.Overview()
		if n, _ := o.Service("web"); ok(n) {
			return
		}
		select {
		case <-changed:
		case <-patience:
			t.Fatalf("never: %s", what)
		}
	}
}

// A restart that isn't made leaves web as it was, and as it should be; who asked
// for it must hear of it nevertheless, and at once.
func TestARestartEndsWithWhatBecameOfIt(t *testing.T) {
	const refused = "shop-web-1 can't restart: the engine refused it: driver failed"
	for name, c := range map[string]struct {
		happens func(*sim.Engine)
		flip    bool // while the restart is under way
		code    int
		says    string
	}{
		"made":                     {func(*sim.Engine) {}, false, 0, ""},
		"refused":                  {func(e *sim.Engine) { e.FailNext("restart", &engine.Refusal{Words: "driver failed"}) }, false, 1, refused},
		"not answered, then made":  {func(e *sim.Engine) { e.FailNext("restart", engine.ErrUnavailable) }, false, 0, ""},
		"wanted stopped meanwhile": {func(e *sim.Engine) { e.Hang("shop-web-1") }, true, 1, "it is wanted stopped by now"},
	} {
		t.Run(name, func(t *testing.T) {
			e, loop, url := simulated(t)
			c.happens(e)
			var flip sync.WaitGroup
			if c.flip {
				flip.Go(func() {
					until(t, "web is restarted", loop, func(n reconcile.Service) bool { return n.Status == "restarting" })
					call(t, "stop", "web", "--server", url)
				})
			}
			code, out, errs := call(t, "restart", "web", "--wait=1m", "--server", url)
			flip.Wait()
			e.Release("shop-web-1")
			if code != c.code || c.says != "" && !strings.HasSuffix(errs, ": the restart was not made: "+c.says+"\n") {
				t.Errorf("exit %d, %q, %q; want %d, %q", code, out, errs, c.code, c.says)
			}
			o := loop.Overview()
			if n, _ := o.Service("web"); name == "refused" && (n.LastError != refused || !n.Converged || strings.Contains(n.Message, "restart was")) {
				t.Errorf("%+v", n)
			}
		})
	}
}
