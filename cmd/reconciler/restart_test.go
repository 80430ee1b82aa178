package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"reconciler/app"
	"reconciler/client"
	"reconciler/config"
	"reconciler/desired"
	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/reconcile"
)

// simulated is the daemon on a simulated engine on which web runs.
func simulated(t *testing.T) (e *sim.Engine, url string) {
	t.Helper()
	conf := config.Default()
	conf.State, conf.Listen = filepath.Join(t.TempDir(), "state.yaml"), []string{"127.0.0.1:0"}
	src := []byte("version: 1\nproject: shop\nservices: {web: running}\n")
	doc, err := desired.Parse(conf.State, src)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(conf.State, src, 0o600); err != nil {
		t.Fatal(err)
	}
	e = sim.New(sim.Options{})
	e.Populate(doc)
	a, err := app.New(conf, app.Options{Log: t.Output(), Engine: e})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		a.Close()
	})
	until(t, "web is looked at", a.URL(), func(n reconcile.Service) bool { return n.Converged })
	return e, a.URL()
}

// until waits until web is so.
func until(t *testing.T, what, url string, ok func(reconcile.Service) bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !ok(web(t, url)); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("never: %s", what)
		}
	}
}

func web(t *testing.T, url string) reconcile.Service {
	t.Helper()
	o, err := (&client.Client{Server: url}).Overview(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	n, _ := o.Service("web")
	return n
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
			e, url := simulated(t)
			c.happens(e)
			var flip sync.WaitGroup
			if c.flip {
				flip.Go(func() {
					until(t, "web is restarted", url, func(n reconcile.Service) bool { return n.Status == "restarting" })
					call(t, "stop", "web", "--server", url)
				})
			}
			code, out, errs := call(t, "restart", "web", "--wait=1m", "--server", url)
			flip.Wait()
			e.Release("shop-web-1")
			if code != c.code || c.says != "" && !strings.HasSuffix(errs, ": the restart was not made: "+c.says+"\n") {
				t.Errorf("exit %d, %q, %q; want %d, %q", code, out, errs, c.code, c.says)
			}
			if n := web(t, url); name == "refused" && (n.LastError != refused || !n.Converged || strings.Contains(n.Message, "restart was")) {
				t.Errorf("%+v", n)
			}
		})
	}
}
