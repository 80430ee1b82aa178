package docker

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"testing"

	"reconciler/engine"
)

// The words are those of Debian's 20.10 and of the current engine.
func TestAnErrorOfTheAPIIsOneOfThePort(t *testing.T) {
	refused := errors.New("none of the port's")
	for name, c := range map[string]struct {
		verb   string
		answer http.HandlerFunc
		want   error
	}{
		"start of a running one":                 {"start", says(304, ""), nil},
		"start of a missing one":                 {"start", refuses(404, "No such container: web"), engine.ErrNotFound},
		"start that joins a missing one":         {"start", refuses(404, "No such container: vpn"), engine.ErrInvalid},
		"start that joins a missing one, newer":  {"start", refuses(500, "joining network namespace of container: No such container: vpn"), engine.ErrInvalid},
		"start on a missing network":             {"start", refuses(404, "network back not found"), engine.ErrInvalid},
		"start of a missing command":             {"start", refuses(404, `exec: "nginx": executable file not found in $PATH: unknown`), engine.ErrInvalid},
		"start of a bad command":                 {"start", refuses(400, "OCI runtime create failed: permission denied"), engine.ErrInvalid},
		"start on a taken port":                  {"start", refuses(500, "Bind for 0.0.0.0:80 failed: port is already allocated"), engine.ErrInvalid},
		"start of a paused one":                  {"start", refuses(409, "cannot start a paused container, try unpause instead"), engine.ErrConflict},
		"start while the engine shuts down":      {"start", refuses(503, "shutting down"), engine.ErrUnavailable},
		"start through a proxy that is alone":    {"start", says(502, "<html>Bad Gateway</html>"), engine.ErrUnavailable},
		"start that a proxy forbids":             {"start", says(403, "<html>Forbidden</html>"), engine.ErrInvalid},
		"restart of a missing one":               {"restart", refuses(404, "No such container: web"), engine.ErrNotFound},
		"restart on a missing network":           {"restart", refuses(404, "network back not found"), engine.ErrInvalid},
		"restart of a dead one":                  {"restart", refuses(409, "container web is dead"), engine.ErrConflict},
		"stop of a stopped one":                  {"stop", says(304, ""), nil},
		"stop of a missing one":                  {"stop", refuses(404, "No such container: web"), engine.ErrNotFound},
		"stop that fails":                        {"stop", refuses(500, "cannot stop container: web: tried to kill container, but did not receive an exit event"), refused},
		"unpause of a running one":               {"unpause", refuses(500, "Container web is not paused"), nil},
		"unpause of a running one, newer":        {"unpause", refuses(409, "Container web is not paused"), nil},
		"unpause of a missing one":               {"unpause", refuses(404, "No such container: web"), engine.ErrNotFound},
		"reconnect of a missing one":             {"reconnect", refuses(404, "No such container: web"), engine.ErrNotFound},
		"reconnect to a missing network":         {"reconnect", refuses(404, "network shop_back not found"), engine.ErrInvalid},
		"reconnect to another subnet":            {"reconnect", refuses(400, "no configured subnet contains IP address 10.0.0.7"), engine.ErrInvalid},
		"reconnect by a version that is too new": {"reconnect", refuses(400, "client version 1.51 is too new. Maximum supported API version is 1.41"), engine.ErrUnavailable},
		"inspect of a missing one":               {"inspect", refuses(404, "No such container: web"), engine.ErrNotFound},
		"inspect by a version that is too new":   {"inspect", refuses(400, "client version 1.51 is too new. Maximum supported API version is 1.41"), engine.ErrUnavailable},
		"inspect by a version that is too old":   {"inspect", refuses(400, "client version 1.41 is too old. Minimum supported API version is 1.44"), engine.ErrUnavailable},
		"logs of a missing one":                  {"logs", refuses(404, "No such container: web"), engine.ErrNotFound},
		"logs of a dead one":                     {"logs", refuses(409, "can not get logs from container which is dead or marked for removal"), engine.ErrConflict},
		"an answer that isn't Docker's":          {"inspect", says(200, "<html>Welcome</html>"), engine.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			_, e := speak(t, c.answer)
			got := verbs(e)[c.verb](t.Context(), "web")
			sentinels := []error{engine.ErrNotFound, engine.ErrConflict, engine.ErrInvalid, engine.ErrUnavailable}
			for _, s := range sentinels {
				if errors.Is(got, s) != (c.want == s) {
					t.Errorf("error %v, want %v", got, c.want)
				}
			}
			if (got == nil) != (c.want == nil) {
				t.Errorf("error %v, want %v", got, c.want)
			}
			if got != nil && !regexp.MustCompile("^"+c.verb+" web( to shop_back)?: ").MatchString(got.Error()) {
				t.Errorf("error %q doesn't begin with the operation and its subject", got)
			}
		})
	}
}

// verbs are the calls that name a container.
func verbs(e *Engine) map[string]func(context.Context, string) error {
	return map[string]func(context.Context, string) error{
		"inspect": func(ctx context.Context, ref string) error { _, err := e.Inspect(ctx, ref); return err },
		"start":   e.Start,
		"stop":    func(ctx context.Context, id string) error { return e.Stop(ctx, id, 0) },
		"restart": func(ctx context.Context, id string) error { return e.Restart(ctx, id, 0) },
		"unpause": e.Unpause,
		"reconnect": func(ctx context.Context, id string) error {
			return e.Reconnect(ctx, id, []engine.Network{back})
		},
		"logs": func(ctx context.Context, id string) error {
			return e.Logs(ctx, id, engine.LogOptions{}, func([]byte) error { return nil })
		},
	}
}

func TestAnEngineThatIsNotThereIsUnavailable(t *testing.T) {
	e, err := New(Options{Host: "unix://" + t.TempDir() + "/none.sock"})
	if err != nil {
		t.Fatal(err)
	}
	for verb, call := range verbs(e) {
		if err := call(t.Context(), "web"); !errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("%s: error %v, want ErrUnavailable", verb, err)
		}
	}
	if err := e.Events(t.Context(), func() { t.Error("subscribed") }, nil); !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("events: error %v, want ErrUnavailable", err)
	}
}
