package app

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"reconciler/api"
	"reconciler/config"
)

// TestADoorGrantsWhatItsPlaceAllows: nothing but a socket, or a loopback
// address while nothing speaks of others, lets in without a token.
func TestADoorGrantsWhatItsPlaceAllows(t *testing.T) {
	listen := []string{"127.0.0.1:1", "0.0.0.0:2", "unix:/run/r", "unix:/run/a:admin"}
	sockets := []api.Door{{Address: "unix:/run/r", Grants: api.Flip}, {Address: "unix:/run/a", Grants: api.Admin}}
	tcp := func(loopback api.Role, web string) []api.Door {
		return []api.Door{{Address: "127.0.0.1:1", Grants: loopback, WebConfig: web}, {Address: "0.0.0.0:2", Grants: api.None, WebConfig: web}}
	}
	for _, c := range []struct {
		name string
		conf config.Config
		want []api.Door
	}{
		{"nothing said", config.Config{}, append(tcp(api.Admin, ""), sockets...)},
		{"tokens", config.Config{TokenFile: "t"}, append(tcp(api.None, ""), sockets...)},
		{"a host", config.Config{AllowedHosts: []string{"a"}}, append(tcp(api.None, ""), sockets...)},
		{"TLS", config.Config{TokenFile: "t", WebConfig: "w"}, append(tcp(api.None, "w"), sockets...)},
		{"metrics", config.Config{TokenFile: "t", WebConfig: "w", MetricsListen: ":3"}, append(append(tcp(api.None, "w"), sockets...), api.Door{Address: ":3", Metrics: true})},
	} {
		c.conf.Listen = listen
		if diff := cmp.Diff(c.want, doors(c.conf)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}

func TestHostsAreThoseThatAreNamed(t *testing.T) {
	conf := config.Config{Listen: []string{"192.168.1.2:1", "0.0.0.0:2", "[::1]:3", "unix:/run/r"}, AllowedHosts: []string{"panel"}}
	if diff := cmp.Diff([]string{"panel", "192.168.1.2", "::1"}, hosts(conf)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestThePageIsNamedWhereItIs: the first address that a browser can open.
func TestThePageIsNamedWhereItIs(t *testing.T) {
	folder := t.TempDir()
	file, socket, tokens := filepath.Join(folder, "state.yaml"), filepath.Join(folder, "r.sock"), filepath.Join(folder, "tokens")
	if err := errors.Join(os.WriteFile(file, []byte("version: 1\nproject: p\nservices: {a: running}\n"), 0o644), os.WriteFile(tokens, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for want, listen := range map[string][]string{
		"API at unix:" + socket:     {"unix:" + socket},
		"page at http://127.0.0.1:": {"unix:" + socket, "127.0.0.1:0"},
		"page at http://localhost:": {"0.0.0.0:0"}, // no browser goes to 0.0.0.0 or [::]
	} {
		conf := config.Default()
		conf.TokenFile, conf.PlainHTTP = tokens, true
		conf.State, conf.Engine, conf.Listen, conf.MetricsListen = file, "sim", listen, "127.0.0.1:0"
		var logs bytes.Buffer
		a, err := New(conf, Options{Log: &logs})
		if err != nil {
			t.Fatal(err)
		}
		if got := a.address(); !strings.HasPrefix(got, want) {
			t.Errorf("%v: %s, not %s", listen, got, want)
		}
		a.Close()
		if _, err := os.Lstat(socket); err == nil {
			t.Errorf("%v: the socket is left behind", listen)
		}
	}
}
