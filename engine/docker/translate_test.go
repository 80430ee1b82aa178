package docker

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"

	"reconciler/engine"
)

// inspected is a whole answer of the oldest engine; its parts are replaced.
const inspected = `{"Id":"4f5e","Created":"2026-11-20T08:00:00.5Z","Name":"/shop-web-1","RestartCount":2,
"State":{"Status":"running","Running":true,"Pid":4711,"ExitCode":0,
 "StartedAt":"2026-11-20T08:00:01Z","FinishedAt":"0001-01-01T00:00:00Z"},
"Config":{"Image":"web:1","Labels":{"com.docker.compose.project":"shop"}},
"HostConfig":{"AutoRemove":false},"NetworkSettings":{"Ports":{}}}`

func plain() engine.Container {
	return engine.Container{
		Summary: engine.Summary{
			ID: "4f5e", Name: "shop-web-1", Image: "web:1", State: engine.StateRunning,
			Claim: engine.Claim{Project: "shop", Labelled: true},
		},
		PID: 4711, Restarts: 2,
		CreatedAt: time.Date(2026, 11, 20, 8, 0, 0, 5e8, time.UTC),
		StartedAt: time.Date(2026, 11, 20, 8, 0, 1, 0, time.UTC),
	}
}

func TestAnInspectIsTranslated(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		want     func(*engine.Container)
	}{
		"as it is": {"", "", func(*engine.Container) {}},
		"restarting, and said to run": {
			`"Status":"running"`, `"Status":"restarting","Restarting":true`,
			func(c *engine.Container) { c.State = engine.StateRestarting },
		},
		"paused, and said to run": {
			`"Status":"running"`, `"Status":"paused","Paused":true`,
			func(c *engine.Container) { c.State = engine.StatePaused },
		},
		"out of memory": {
			`"Pid":4711,"ExitCode":0`, `"OOMKilled":true,"ExitCode":137,"Error":"no more"`,
			func(c *engine.Container) { c.PID, c.OOMKilled, c.ExitCode, c.Error = 0, true, 137, "no more" },
		},
		"finished": {
			`"0001-01-01T00:00:00Z"`, `"2026-11-20T08:00:02Z"`,
			func(c *engine.Container) { c.FinishedAt = c.StartedAt.Add(time.Second) },
		},
		"no time at all": {`"0001-01-01T00:00:00Z"`, `""`, func(*engine.Container) {}},
		"no healthcheck": {`"Pid"`, `"Health":{"Status":"none"},"Pid"`, func(*engine.Container) {}},
		"unhealthy":      {`"Pid"`, `"Health":{"Status":"unhealthy"},"Pid"`, func(c *engine.Container) { c.Health = engine.HealthUnhealthy }},
		"unhealthy by a probe": {
			`"Pid"`, `"Health":{"Status":"unhealthy","Log":[{"End":"2026-11-20T08:00:02Z"},{"End":"2026-11-20T08:00:03Z"}]},"Pid"`,
			func(c *engine.Container) {
				c.Health, c.HealthAt = engine.HealthUnhealthy, time.Date(2026, 11, 20, 8, 0, 3, 0, time.UTC)
			},
		},
		"what it will publish": {
			`"AutoRemove":false`, `"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":""}],"53/udp":[{"HostIp":"127.0.0.1","HostPort":"5353"}]}`,
			func(c *engine.Container) {
				c.Publishes = []engine.Port{{HostIP: "127.0.0.1", Host: 5353, Container: 53, Protocol: "udp"}, {Container: 80, Protocol: "tcp"}}
			},
		},
		"whose namespaces it joins": {
			`"AutoRemove":false`, `"NetworkMode":"container:77aa","IpcMode":"container:77aa","PidMode":"container:88bb"`,
			func(c *engine.Container) { c.Shares = []string{"77aa", "88bb"} },
		},
		"namespaces of its own": {`"AutoRemove":false`, `"NetworkMode":"shop_default","IpcMode":"private","PidMode":""`, func(*engine.Container) {}},
		"its mounts": {
			`"HostConfig"`, `"Mounts":[{"Type":"volume","Name":"data","Source":"/var/lib/x","Destination":"/data","RW":true},{"Type":"bind","Source":"/etc/app","Destination":"/app"},{"Type":"tmpfs"}],"HostConfig"`,
			func(c *engine.Container) {
				c.Mounts = []engine.Mount{{Source: "/etc/app", Target: "/app", ReadOnly: true}, {Volume: true, Source: "data", Target: "/data"}}
			},
		},
		"its addresses": {
			`"Ports":{}`, `"Networks":{"b":{"IPAddress":"172.18.0.3","GlobalIPv6Address":"fd00::3"},"a":{"IPAddress":"10.0.0.2"},"c":{"IPAddress":""},"d":null}`,
			func(c *engine.Container) {
				c.Addresses = []netip.Addr{netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("172.18.0.3"), netip.MustParseAddr("fd00::3")}
			},
		},
		"its own grace":           {`"Image"`, `"StopTimeout":3,"Image"`, func(c *engine.Container) { c.StopTimeout = 3 * time.Second }},
		"it removes itself":       {`"AutoRemove":false`, `"AutoRemove":true`, func(c *engine.Container) { c.AutoRemove = true }},
		"no host configuration":   {`"HostConfig":{"AutoRemove":false},`, ``, func(*engine.Container) {}},
		"ports, in their order":   {`"Ports":{}`, `"Ports":` + published, func(c *engine.Container) { c.Ports = bound }},
		"a field of the future":   {`"Pid"`, `"Mood":{"Is":["good"]},"Pid"`, func(*engine.Container) {}},
		"no network, no labels":   {`,"NetworkSettings":{"Ports":{}}`, ``, func(*engine.Container) {}},
		"a port not bound so far": {`"Ports":{}`, `"Ports":{"80/tcp":[{"HostIp":"","HostPort":""}]}`, func(*engine.Container) {}},
	} {
		t.Run(name, func(t *testing.T) {
			_, e := speak(t, says(200, strings.Replace(inspected, c.old, c.new, 1)))
			want := plain()
			c.want(&want)
			got, err := e.Inspect(t.Context(), "4f5e")
			if err != nil {
				t.Fatal(err)
			}
			got.Networks = nil // network_test.go has them
			if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("(- want, + got):\n%s", diff)
			}
		})
	}
}

func TestAContainerHoldsNothingOfItsEnvironment(t *testing.T) {
	const secrets = `"Env":["PASSWORD=hunter2"],"Cmd":["serve","--password=hunter2"],"Entrypoint":["hunter2"],` +
		`"Healthcheck":{"Test":["CMD","probe","hunter2"]},"Image"`
	answer := strings.Replace(inspected, `"Image"`, secrets, 1)
	answer = strings.Replace(answer, `"RestartCount"`, `"Args":["hunter2"],"ResolvConfPath":"hunter2","Mounts":[{"Source":"hunter2"}],"RestartCount"`, 1)
	answer = strings.Replace(answer, `"AutoRemove":false`, `"Binds":["/hunter2:/x"],"LogConfig":{"Type":"gelf","Config":{"key":"hunter2"}}`, 1)
	answer = strings.Replace(answer, `"Labels":{`, `"Labels":{"app.key":"hunter2","com.docker.compose.service":"web",`, 1)
	_, e := speak(t, says(200, answer))
	c, err := e.Inspect(t.Context(), "4f5e")
	if err != nil {
		t.Fatal(err)
	}
	if c.Claim.Service != "web" {
		t.Errorf("the claim is %v: nothing is proven of what was answered", c.Claim)
	}
	if text := fmt.Sprintf("%#v", c); strings.Contains(text, "hunter2") || strings.Contains(text, "PASSWORD") {
		t.Errorf("it is held what may be secret: %s", text)
	}
}

// A start that failed has emptied the networks; the words are of engine 29.
func TestAContainerThatAFailedStartHasCutOffIsUnplugged(t *testing.T) {
	const lost = `{"Id":"4f5e","Name":"/web","State":{"Status":"created","ExitCode":128,"Error":"Bind for 0.0.0.0:80 failed"},"Config":{"Image":"web"},` +
		`"HostConfig":{"NetworkMode":"shop_default","PortBindings":{"80/tcp":[{"HostPort":"80"}]}},"NetworkSettings":{"Ports":{},"Networks":{}}}`
	for name, c := range map[string]struct {
		old, new string
		want     bool
	}{
		"as it is":                {"", "", true},
		"it has exited before":    {`"created"`, `"exited"`, true},
		"it runs":                 {`"created"`, `"running"`, false},
		"it has its network":      {`"Networks":{}`, `"Networks":{"shop_default":{}}`, false},
		"no start has failed":     {`"Bind for 0.0.0.0:80 failed"`, `""`, false},
		"it publishes nothing":    {`"PortBindings"`, `"Other"`, false},
		"it wants no network":     {`"shop_default"`, `"none"`, false},
		"it wants the host's":     {`"shop_default"`, `"host"`, false},
		"it wants a container's":  {`"shop_default"`, `"container:77aa"`, false},
		"no network is told of":   {`,"NetworkSettings":{"Ports":{},"Networks":{}}`, ``, false},
		"no host's configuration": {`"HostConfig"`, `"Other"`, false},
	} {
		_, e := speak(t, says(200, strings.Replace(lost, c.old, c.new, 1)))
		got, err := e.Inspect(t.Context(), "4f5e")
		if err != nil || got.Unplugged != c.want {
			t.Errorf("%s: %v, error %v, want %v", name, got.Unplugged, err, c.want)
		}
	}
}

const published = `{"443/tcp":[{"HostIp":"::","HostPort":"8443"},{"HostIp":"0.0.0.0","HostPort":"8443"}],
"53/udp":[{"HostIp":"127.0.0.1","HostPort":"5353"}],"9000/tcp":null}`

var bound = []engine.Port{
	{HostIP: "127.0.0.1", Host: 5353, Container: 53, Protocol: "udp"},
	{HostIP: "0.0.0.0", Host: 8443, Container: 443, Protocol: "tcp"},
	{HostIP: "::", Host: 8443, Container: 443, Protocol: "tcp"},
}

func TestAnInspectThatLacksWhatIsActedOnIsUnavailable(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":        ``,
		"an empty one":   `{}`,
		"null":           `null`,
		"cut off":        inspected[:len(inspected)/2],
		"no ID":          strings.Replace(inspected, `"Id"`, `"Other"`, 1),
		"no state":       strings.Replace(inspected, `"State"`, `"Other"`, 1),
		"no status":      strings.Replace(inspected, `"Status"`, `"Other"`, 1),
		"no settings":    strings.Replace(inspected, `"Config"`, `"Other"`, 1),
		"a garbled time": strings.Replace(inspected, `"2026-11-20T08:00:01Z"`, `"yesterday"`, 1),
	} {
		_, e := speak(t, says(200, body))
		if c, err := e.Inspect(t.Context(), "4f5e"); !errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("%s: %+v, error %v, want ErrUnavailable", name, c, err)
		}
	}
}

func TestAListAsksForAllOfTheProject(t *testing.T) {
	var asked *http.Request
	_, e := speak(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		says(200, `[{"Id":"4f5e","Names":["/other/web","/shop-web-1"],"Image":"web:1","State":"running",
			"Status":"Up 2 minutes (health: starting)","Labels":{"some":"label","com.docker.compose.service":"web"}},
			{"Id":"dead","Names":[],"State":"dead"}]`)(w, r)
	})
	got, err := e.List(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	want := []engine.Summary{
		{
			ID: "4f5e", Name: "shop-web-1", Image: "web:1", State: engine.StateRunning, Health: engine.HealthStarting,
			Claim: engine.Claim{Service: "web", Labelled: true},
		},
		{ID: "dead", State: engine.StateDead},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("(- want, + got):\n%s", diff)
	}
	const filter = `{"label":{"com.docker.compose.project=shop":true}}`
	if q := asked.URL.Query(); q.Get("all") != "1" || q.Get("filters") != filter {
		t.Errorf("asked for %v, want all=1 and %s", q, filter)
	}
}

func TestAListThatWasCutOffIsNoShorterList(t *testing.T) {
	const whole = `[{"Id":"4f5e","State":"running"},{"Id":"77aa","State":"exited"}]`
	answers := map[string]http.HandlerFunc{
		"null":      says(200, `null`),
		"an object": says(200, `{}`),
		"no ID":     says(200, `[{"State":"running"}]`),
		"no state":  says(200, `[{"Id":"4f5e"}]`),
		"a 500":     refuses(503, "shutting down"),
		"hung up": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			says(200, whole[:40])(w, nil)
		},
	}
	for cut := range whole {
		answers["cut to "+whole[:cut]] = says(200, whole[:cut])
	}
	for name, answer := range answers {
		_, e := speak(t, answer)
		if got, err := e.List(t.Context(), "shop"); !errors.Is(err, engine.ErrUnavailable) || got != nil {
			t.Errorf("%s: %v, error %v, want ErrUnavailable", name, got, err)
		}
	}
}

func FuzzInspect(f *testing.F) {
	f.Add([]byte(inspected))
	f.Add([]byte(strings.Replace(inspected, `"Ports":{}`, `"Ports":`+published, 1)))
	f.Add([]byte(`{"Id":"1","State":{},"Config":{},"NetworkSettings":{"Ports":{"/":[{}],"x/y":[{"HostPort":"-1"}]}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var answer container.InspectResponse
		if json.Unmarshal(body, &answer) != nil {
			t.Skip("no JSON of an inspect")
		}
		c, err := translate(answer)
		if err != nil {
			return
		}
		if c.ID == "" || c.State == "" {
			t.Errorf("%+v has no ID or no state", c)
		}
		for _, p := range c.Ports {
			if p.Host < 1 || p.Host > 65535 {
				t.Errorf("port %+v", p)
			}
		}
	})
}
