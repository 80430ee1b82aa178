package config_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"reconciler/config"
)

// read is what the daemon would run with.
func read(t *testing.T, env map[string]string, args ...string) (config.Config, error) {
	t.Helper()
	c := config.Default()
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	c.Bind(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	err := config.FromEnv(flags, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	return c, err
}

func TestTheDefaultsAreThoseOfTheManualAndValid(t *testing.T) {
	c, err := read(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		State: "state.yaml", Listen: []string{"127.0.0.1:8480"}, Engine: "docker",
		Resync: 30 * time.Second, Workers: 8, LogFormat: "console", LogLevel: "info",
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := c.Validate(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
}

// environment sets everything, each to something that isn't its default.
var environment = map[string]string{
	"RECONCILER_STATE":          "env/state.yaml",
	"RECONCILER_LISTEN":         "127.0.0.1:1,[::1]:2",
	"RECONCILER_METRICS_LISTEN": "0.0.0.0:9480",
	"RECONCILER_TOKEN_FILE":     "env/tokens",
	"RECONCILER_WEB_CONFIG":     "env/web.yaml",
	"RECONCILER_ALLOWED_HOST":   "panel.example.org,192.168.1.2",
	"RECONCILER_PLAIN_HTTP":     "false",
	"RECONCILER_DRY_RUN":        "true",
	"RECONCILER_DATA_DIR":       "env/data",
	"RECONCILER_ENGINE":         "sim",
	"RECONCILER_DOCKER_HOST":    "unix:///env.sock",
	"RECONCILER_RESYNC":         "1m",
	"RECONCILER_WORKERS":        "3",
	"RECONCILER_LOG_FORMAT":     "json",
	"RECONCILER_LOG_LEVEL":      "debug",
}

func TestEveryFlagHasAnEnvironmentVariable(t *testing.T) {
	var c config.Config
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	c.Bind(flags)
	unused := maps.Clone(environment)
	flags.VisitAll(func(f *pflag.Flag) {
		if _, ok := unused[config.EnvName(f.Name)]; !ok {
			t.Errorf("--%s: %s is not in this test", f.Name, config.EnvName(f.Name))
		}
		delete(unused, config.EnvName(f.Name))
	})
	if len(unused) > 0 {
		t.Errorf("no flag for %v", unused)
	}

	got, err := read(t, environment)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		State: "env/state.yaml", Listen: []string{"127.0.0.1:1", "[::1]:2"}, DataDir: "env/data",
		MetricsListen: "0.0.0.0:9480", TokenFile: "env/tokens", WebConfig: "env/web.yaml", AllowedHosts: []string{"panel.example.org", "192.168.1.2"}, DryRun: true,
		Engine: "sim", DockerHost: "unix:///env.sock", Resync: time.Minute, Workers: 3, LogFormat: "json", LogLevel: "debug",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
}

func TestAFlagBeatsTheEnvironment(t *testing.T) {
	c, err := read(t, environment, "--listen", "127.0.0.1:9", "--workers", "8", "--log-level=warn")
	if err != nil {
		t.Fatal(err)
	}
	// 8 is the default: that it was said counts, not that it differs.
	if c.Workers != 8 || c.LogLevel != "warn" || !cmp.Equal(c.Listen, []string{"127.0.0.1:9"}) {
		t.Errorf("%+v", c)
	}
	if c.LogFormat != "json" {
		t.Errorf("log format %q, and no flag said so", c.LogFormat)
	}
}

func TestAllThatIsWrongInTheEnvironmentIsToldByName(t *testing.T) {
	_, err := read(t, map[string]string{"RECONCILER_WORKERS": "many", "RECONCILER_RESYNC": "soon", "RECONCILER_LOG_LEVEL": "debug"})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, name := range []string{"RECONCILER_WORKERS=many", "RECONCILER_RESYNC=soon"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%v; it does not say %s", err, name)
		}
	}
}

func TestAllThatIsWrongIsToldAtOnce(t *testing.T) {
	c := config.Config{
		Listen: []string{"0.0.0.0:8480", "8480"}, Engine: "podman", Resync: time.Millisecond,
		Workers: 65, LogFormat: "xml", LogLevel: "loud",
	}
	err := c.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"--state:", `--listen: "0.0.0.0:8480"`, `--listen: "8480"`, "--engine:", "--resync:",
		"--workers:", "--log-format:", "--log-level:",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not told: %s\n%v", want, err)
		}
	}
	if err := new(config.Config).Validate(); err == nil || !strings.Contains(err.Error(), "--listen: name an address") {
		t.Errorf("the zero value: %v", err)
	}
}

func TestTheEndsOfARangeAreInIt(t *testing.T) {
	for _, c := range []struct {
		resync  time.Duration
		workers int
		ok      bool
	}{
		{time.Second, 1, true},
		{5 * time.Minute, 64, true},
		{time.Second - 1, 1, false},
		{5*time.Minute + 1, 1, false},
		{time.Second, 0, false},
		{time.Second, 65, false},
	} {
		conf := config.Default()
		conf.Resync, conf.Workers = c.resync, c.workers
		if err := conf.Validate(); (err == nil) != c.ok {
			t.Errorf("resync %s, workers %d: %v", c.resync, c.workers, err)
		}
	}
}
