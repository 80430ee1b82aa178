package config_test

import (
	"strings"
	"testing"

	"reconciler/config"
)

func TestOnlyAnAddressOfThisHostAloneIsLoopback(t *testing.T) {
	for place, want := range map[string]bool{
		"127.0.0.1:8480": true, "127.8.9.1:0": true, "[::1]:8480": true, "localhost:8480": true,
		"[::ffff:127.0.0.1]:8480": true, "unix:/run/r.sock": true,
		":8480": false, "0.0.0.0:8480": false, "[::]:8480": false, "192.168.1.2:8480": false,
		"localhost.example.com:8480": false, "127.0.0.1.example.com:8480": false, "127.1:8480": false, "[fe80::1%eth0]:8480": false,
	} {
		p, err := config.ParsePlace(place)
		if err != nil || p.Loopback() != want {
			t.Errorf("%q: loopback %v, %v", place, p.Loopback(), err)
		}
	}
}

func TestWhereToListenIsReadStrictly(t *testing.T) {
	for place, want := range map[string]config.Place{
		"127.0.0.1:0":         {Address: "127.0.0.1:0"},
		"unix:r.sock":         {Unix: true, Address: "r.sock"},
		"unix:/run/r:admin":   {Unix: true, Address: "/run/r", Admin: true},
		"unix:/run/admin":     {Unix: true, Address: "/run/admin"},
		"unix:/run/r.sock":    {Unix: true, Address: "/run/r.sock"},
		"unix:./unix-r:admin": {Unix: true, Address: "./unix-r", Admin: true},
	} {
		if got, err := config.ParsePlace(place); err != nil || got != want {
			t.Errorf("%q: %+v, %v", place, got, err)
		}
	}
	for _, place := range []string{
		"", "8480", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1", "::1:8480",
		"unix:", "unix::admin", "unix:@abstract", "unix:@abstract:admin", "unix:a\x00b", "unix:/run/r:read", "unix:/run/r:admin:admin", "unix:/run/r:",
		"unix:" + strings.Repeat("a", 108),
	} {
		if p, err := config.ParsePlace(place); err == nil {
			t.Errorf("%q is taken for %+v", place, p)
		}
	}
}

func TestAnAddressThatStandsForAllIsNoHost(t *testing.T) {
	for place, want := range map[string]string{
		"192.168.1.2:1": "192.168.1.2", "box.lan:1": "box.lan", "[::1]:1": "::1",
		":1": "", "0.0.0.0:1": "", "[::]:1": "", "unix:/run/r:admin": "",
	} {
		if p, err := config.ParsePlace(place); err != nil || p.Host() != want {
			t.Errorf("%q: %q, %v", place, p.Host(), err)
		}
	}
}

// TestNobodyIsLetInFromOutsideByAccident: the error names the flag to add.
func TestNobodyIsLetInFromOutsideByAccident(t *testing.T) {
	for _, c := range []struct {
		args string
		want []string // what the error says; none: it is allowed
		not  string   // what it doesn't say
	}{
		{"", nil, ""},
		{"--listen unix:/run/r --listen localhost:1", nil, ""},
		{"--listen 0.0.0.0:1", []string{"--token-file", "--web-config", "--plain-http"}, ""},
		{"--listen :1 --token-file t", []string{"--web-config", "--plain-http"}, "--token-file"},
		{"--listen [::]:1 --web-config w", []string{"--token-file"}, "--plain-http"},
		{"--listen 10.0.0.1:1 --plain-http", []string{"--token-file"}, "--web-config"},
		{"--listen 10.0.0.1:1 --allowed-host box", []string{"--token-file"}, ""},
		{"--listen 127.0.0.1:1 --listen box.lan:1", []string{`"box.lan:1"`}, `"127.0.0.1:1"`},
		{"--listen 10.0.0.1:1 --token-file t --plain-http", nil, ""},
		{"--listen 10.0.0.1:1 --token-file t --web-config w", nil, ""},
		{"--web-config w", nil, ""},
		{"--web-config w --plain-http", []string{"--plain-http: contradicts --web-config"}, ""},
		{"--metrics-listen 0.0.0.0:9480", nil, ""},
		{"--metrics-listen 9480", []string{"--metrics-listen:"}, ""},
		{"--metrics-listen unix:/run/m", []string{"--metrics-listen:"}, ""},
		{"--allowed-host panel.example.org --allowed-host 10.0.0.1 --allowed-host [::2]", nil, ""},
		{"--allowed-host http://panel", []string{"--allowed-host:"}, ""},
		{"--allowed-host panel:80", []string{"--allowed-host:"}, ""},
		{"--allowed-host *", []string{"--allowed-host:"}, ""},
		{"--allowed-host=", []string{"--allowed-host:"}, ""},
	} {
		conf, err := read(t, nil, strings.Fields(c.args)...)
		if err != nil {
			t.Fatal(err)
		}
		err = conf.Validate()
		if (err == nil) != (len(c.want) == 0) {
			t.Errorf("%q: %v", c.args, err)
			continue
		}
		for _, says := range c.want {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%q: %v; it doesn't say %q", c.args, err, says)
			}
		}
		if c.not != "" && strings.Contains(err.Error(), c.not) {
			t.Errorf("%q: %v; it says %q", c.args, err, c.not)
		}
	}
}

func TestLoopbackIsOpenOnlyWhileNothingSpeaksOfOthers(t *testing.T) {
	for args, want := range map[string]bool{"": true, "--metrics-listen :9": true, "--token-file t": false, "--allowed-host a": false} {
		conf, err := read(t, nil, strings.Fields(args)...)
		if err != nil || conf.Open() != want {
			t.Errorf("%q: open %v, %v", args, conf.Open(), err)
		}
	}
}
