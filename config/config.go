// Package config holds the daemon's own settings: their defaults, their flags,
// their environment variables and what they may be. What should run is not
// among them; that stands in state.yaml.
package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Config is how `reconciler run` runs. The zero value is not valid; begin with
// Default.
type Config struct {
	State         string   // path of state.yaml
	Listen        []string // HOST:PORT, unix:PATH or unix:PATH:admin
	MetricsListen string   // HOST:PORT of the metrics alone; empty: none
	TokenFile     string   // who may come in; empty: no tokens
	WebConfig     string   // TLS, by a file of exporter-toolkit; empty: none
	AllowedHosts  []string // more hosts by which it is asked for
	PlainHTTP     bool     // tokens may go unencrypted
	DryRun        bool     // decide and tell, and never act
	DataDir       string   // empty: .reconciler beside State
	Engine        string   // docker or sim
	DockerHost    string   // empty: DOCKER_HOST, else the default socket
	Resync        time.Duration
	Workers       int
	LogFormat     string // console or json
	LogLevel      string // debug, info, warn or error
}

// Default is what holds where nothing is said.
func Default() Config {
	return Config{
		State: "state.yaml", Listen: []string{"127.0.0.1:8480"}, Engine: "docker",
		Resync: 30 * time.Second, Workers: 8, LogFormat: "console", LogLevel: "info",
	}
}

// Bind makes the settings flags, with what they are now as defaults.
func (c *Config) Bind(flags *pflag.FlagSet) {
	flags.StringVar(&c.State, "state", c.State, "the file that says what should run")
	flags.StringArrayVar(&c.Listen, "listen", c.Listen, "where the API, the page and the metrics are: HOST:PORT, unix:PATH or unix:PATH:admin; repeatable")
	flags.StringVar(&c.MetricsListen, "metrics-listen", c.MetricsListen, "HOST:PORT that serves /metrics, /healthz and /readyz alone, to anybody")
	flags.StringVar(&c.TokenFile, "token-file", c.TokenFile, "who may come in: lines of name, role and SHA-256 of the token; every TCP address then needs one")
	flags.StringVar(&c.WebConfig, "web-config", c.WebConfig, "TLS on every TCP address, by a web configuration file of exporter-toolkit")
	flags.StringArrayVar(&c.AllowedHosts, "allowed-host", c.AllowedHosts, "another host name by which browsers may ask; repeatable. No TCP address is open without a token then")
	flags.BoolVar(&c.PlainHTTP, "plain-http", c.PlainHTTP, "take tokens unencrypted on other than loopback addresses")
	flags.BoolVar(&c.DryRun, "dry-run", c.DryRun, "decide and tell, and never act")
	flags.StringVar(&c.DataDir, "data-dir", c.DataDir, "what must be remembered is kept here (default .reconciler beside the state file)")
	flags.StringVar(&c.Engine, "engine", c.Engine, "docker, or sim: a simulated engine, to look around")
	flags.StringVar(&c.DockerHost, "docker-host", c.DockerHost, "the engine's address (default $DOCKER_HOST, else the usual socket)")
	flags.DurationVar(&c.Resync, "resync", c.Resync, "how often everything is listed anew, at least; 1s to 5m")
	flags.IntVar(&c.Workers, "workers", c.Workers, "how many services are decided about at once")
	flags.StringVar(&c.LogFormat, "log-format", c.LogFormat, "console or json")
	flags.StringVar(&c.LogLevel, "log-level", c.LogLevel, "debug, info, warn or error")
}

// FromEnv sets each flag that was not given from the environment: --log-level
// from RECONCILER_LOG_LEVEL. A list is separated by commas. lookup is
// os.LookupEnv.
func FromEnv(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		name := EnvName(f.Name)
		value, ok := lookup(name)
		if f.Changed || !ok || f.Name == "help" {
			return
		}
		values := []string{value}
		if list, many := f.Value.(pflag.SliceValue); many {
			values = strings.Split(value, ",")
			if err := list.Replace(nil); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
		for _, v := range values {
			if err := flags.Set(f.Name, v); err != nil {
				errs = append(errs, fmt.Errorf("%s=%s: %w", name, value, err))
			}
		}
	})
	return errors.Join(errs...)
}

// EnvName is the environment variable that stands for a flag.
func EnvName(flag string) string {
	return "RECONCILER_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Validate returns everything that is wrong, or nil.
func (c *Config) Validate() error {
	var errs []error
	wrong := func(flag, format string, args ...any) {
		errs = append(errs, fmt.Errorf("--%s: %s", flag, fmt.Sprintf(format, args...)))
	}
	oneOf := func(flag, value string, known ...string) {
		if !slices.Contains(known, value) {
			wrong(flag, "%q is none of %s", value, strings.Join(known, ", "))
		}
	}
	if c.State == "" {
		wrong("state", "name the file that says what should run")
	}
	errs = append(errs, c.doors()...)
	oneOf("engine", c.Engine, "docker", "sim")
	oneOf("log-format", c.LogFormat, "console", "json")
	oneOf("log-level", c.LogLevel, "debug", "info", "warn", "error")
	if c.Resync < time.Second || c.Resync > 5*time.Minute {
		wrong("resync", "%s is not between 1s and 5m", c.Resync)
	}
	if c.Workers < 1 || c.Workers > 64 {
		wrong("workers", "%d is not between 1 and 64", c.Workers)
	}
	return errors.Join(errs...)
}
