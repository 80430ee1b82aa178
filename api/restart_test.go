package api

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/observed"
	"reconciler/reconcile"
)

// remembering is a file besides which nothing is remembered.
type remembering struct{ *fakeState }

func (remembering) LoadMemory() (desired.Memory, error) { return desired.Memory{}, nil }
func (remembering) SaveMemory(desired.Memory) error     { return nil }

// real is newWorld with a loop that runs, on an engine on which all is as the
// file says.
func real(t *testing.T) (*world, *sim.Engine) {
	t.Helper()
	w, e := newWorld(t), sim.New(sim.Options{})
	e.Populate(w.state.snap.Document)
	for _, c := range w.state.snap.Document.Services {
		if name := "shop-" + c.Name + "-1"; c.State == desired.Running {
			e.HandStart(name)
		} else {
			e.HandStop(name)
		}
	}
	var loop *reconcile.Loop
	o := observed.New(observed.Options{Engine: e, Project: "shop", Changed: func() { loop.Wake() }})
	r, err := reconcile.New(reconcile.Options{Engine: e, World: o, Desired: remembering{w.state}})
	if err != nil {
		t.Fatal(err)
	}
	loop = reconcile.NewLoop(r, 2)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{}, 2)
	go func() { _ = o.Run(ctx); ended <- struct{}{} }()
	go func() { _ = loop.Run(ctx); ended <- struct{}{} }()
	t.Cleanup(func() {
		cancel()
		<-ended
		<-ended
	})
	w.options.Loop = loop
	w.Handler = Handler(w.options)
	synctest.Wait()
	return w, e
}

// A restart that fails leaves the container running as it did: 200 would tell
// whoever asked that it was restarted.
func TestARestartIsAnsweredWithWhatBecameOfIt(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(*world, *sim.Engine)
		code    int
		message string
	}{
		"made": {func(*world, *sim.Engine) {}, 200, "shop-web-1 runs"},
		"failed": {func(_ *world, e *sim.Engine) { e.FailNext("restart", &engine.Refusal{Words: "driver failed"}) }, 202,
			"the restart was not made: shop-web-1 can't restart: the engine refused it: driver failed"},
		"wanted stopped meanwhile": {func(w *world, e *sim.Engine) {
			e.FailNext("restart", engine.ErrUnavailable) // it would be made a second later
			time.AfterFunc(time.Second/2, func() {
				w.ask("PUT", "/v1/services/web/state", `{"state":"stopped"}`)
				w.options.Loop.(*reconcile.Loop).Wake()
			})
		}, 202, "the restart was not made: it is wanted stopped by now"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, e := real(t)
				c.happens(w, e)
				began := time.Now()
				answer := <-w.patient(t.Context(), "POST", "/v1/services/web/restart?wait=1m", `{}`)
				var n reconcile.Service
				err := json.Unmarshal(answer.Body.Bytes(), &n)
				if err != nil || answer.Code != c.code || !strings.HasPrefix(n.Message, c.message) {
					t.Errorf("%d, %q, %v; want %d, %q", answer.Code, n.Message, err, c.code, c.message)
				}
				if why, failed := strings.CutPrefix(c.message, "the restart was not made: "); failed && n.LastError != why {
					t.Errorf("last_error is %q", n.LastError)
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("answered after %s", took)
				}
			})
		})
	}
}
