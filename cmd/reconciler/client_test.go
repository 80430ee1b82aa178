package main

import (
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestARefusalSaysWhatCanBeDone(t *testing.T) {
	for _, c := range []struct {
		name, args, asked, token string
		said                     said
		want                     string // %s: the socket
		socket                   bool
	}{
		{
			name: "no token", args: "stop web", asked: "POST /v1/services/web/stop", said: said{401, `{"type":"unauthorized","detail":"no token"}`},
			want: "web: no token; set RECONCILER_TOKEN, or use --server unix:PATH; make a token with: reconciler token new NAME --role flip\n",
		},
		{
			name: "no token to read", args: "status", asked: "GET /v1/services", said: said{401, ``},
			want: "Unauthorized; set RECONCILER_TOKEN, or use --server unix:PATH; make a token with: reconciler token new NAME --role read\n",
		},
		{
			name: "a wrong token", args: "stop web", asked: "POST /v1/services/web/stop", token: "old", said: said{401, `{"type":"unauthorized","detail":"no token"}`},
			want: "web: no token; it doesn't know the token in RECONCILER_TOKEN; make one with: reconciler token new NAME --role flip\n",
		},
		{
			name: "too low a role", args: "set absent web", asked: "PUT /v1/services/web/state", token: "t", said: said{403, `{"type":"role","detail":"this needs the role admin"}`},
			want: "web: this needs the role admin; make a token that may: reconciler token new NAME --role admin\n",
		},
		{
			name: "too low a role on a socket", args: "set absent web", asked: "PUT /v1/services/web/state", socket: true, said: said{403, `{"type":"role","detail":"this needs the role admin"}`},
			want: "web: this needs the role admin; this socket may with: reconciler run --listen unix:%s:admin\n",
		},
		{
			name: "too low a role to restore", args: "rollback 1", asked: "POST /v1/revisions/1/restore", token: "t", said: said{403, `{"type":"role","detail":"this needs the role admin"}`},
			want: "this needs the role admin; make a token that may: reconciler token new NAME --role admin\n",
		},
		{
			name: "no question of roles", args: "stop web", asked: "POST /v1/services/web/stop", said: said{403, `{"type":"forwarded","detail":"a proxy"}`},
			want: "web: a proxy\n",
		},
		{
			name: "an unknown service", args: "stop wob", asked: "POST /v1/services/wob/stop", said: said{404, `{"type":"unknown_service","detail":"the file lists no service \"wob\"; did you mean \"web\"?"}`},
			want: "wob: the file lists no service \"wob\"; did you mean \"web\"?\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("RECONCILER_TOKEN", c.token)
			f := &fake{script: map[string]said{c.asked: c.said}}
			server := ""
			if c.socket {
				server = f.onSocket(t)
				c.want = fmt.Sprintf(c.want, strings.TrimPrefix(server, "unix:"))
			} else {
				server = f.onTCP(t)
			}
			code, _, errs := call(t, append(strings.Fields(c.args), "--server", server)...)
			if code != 1 || errs != c.want {
				t.Errorf("exit %d, %q, want %q", code, errs, c.want)
			}
			if got := f.seen[0].Get("Authorization"); c.token != "" && got != "Bearer "+c.token {
				t.Errorf("Authorization: %q", got)
			}
		})
	}
}

func TestASocketThatNobodyServesIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	want := "nothing answers at the socket " + path + "; is reconciler running? Start it with: reconciler run --listen unix:" + path + "\n"
	for _, left := range []string{"nothing", "a file that nobody listens at"} {
		if code, _, errs := call(t, "status", "--server", "unix:"+path); code != 1 || errs != want {
			t.Errorf("%s: exit %d, %q, want %q", left, code, errs, want)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAServerOfAnAuthorityOfOnesOwn is the only test that speaks TLS: what
// SSL_CERT_FILE names is read once in a process.
func TestAServerOfAnAuthorityOfOnesOwn(t *testing.T) {
	server := httptest.NewTLSServer(&fake{script: map[string]said{"GET /healthz": {}}})
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	if code, _, errs := call(t, "healthcheck", "--server", server.URL); code != 0 {
		t.Errorf("exit %d, %s", code, errs)
	}
}
