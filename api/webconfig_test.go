package api

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lasting puts a certificate in the server's place that is valid for that time.
func (f webFolder) lasting(t *testing.T, from, until time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: from, NotAfter: until, DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, f.ca.cert, &key.PublicKey, f.ca.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, f.path("server.pem"), string(pemOf("CERTIFICATE", der)))
	writeFile(t, f.path("server.key"), string(pemOf("EC PRIVATE KEY", private)))
}

// TestTLSThatBrokeIsToldOncePerCause, in the log and in /readyz, with the path
// and what to do, and so is that it is mended.
func TestTLSThatBrokeIsToldOncePerCause(t *testing.T) {
	now := time.Now()
	fifo := func(f webFolder, name string) func() error {
		return func() error {
			return errors.Join(os.Remove(f.path(name)), syscall.Mkfifo(f.path(name), 0o600))
		}
	}
	f := newWebFolder(t)
	const clients = webConfig + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
	file := f.config(t, clients)
	ca, err := os.ReadFile(f.path("ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	mend := func() {
		t.Helper()
		for _, name := range []string{"ca.pem", "server.pem", "server.key", "web.yaml"} {
			_ = os.RemoveAll(f.path(name)) // whatever it has become
		}
		writeFile(t, f.path("ca.pem"), string(ca))
		f.renew(t, 5)
		f.config(t, clients)
	}
	var told []string
	w := newWebWatch(file, func(text string) { told = append(told, text) })
	w.look(now)
	for _, c := range []struct {
		name  string
		do    func() error
		says  []string
		still bool // it can be begun with: only clients refuse it
	}{
		{"the certificate moved away", func() error { return os.Remove(f.path("server.pem")) }, []string{f.path("server.pem"), "no such file"}, false},
		{"the key moved away", func() error { return os.Remove(f.path("server.key")) }, []string{f.path("server.key"), "no such file"}, false},
		{"the configuration moved away", func() error { return os.Remove(file) }, []string{file, "no such file"}, false},
		{"the authority moved away", func() error { return os.Remove(f.path("ca.pem")) }, []string{f.path("ca.pem"), "no such file"}, false},
		{"an authority that is none", func() error { writeFile(t, f.path("ca.pem"), "none"); return nil }, []string{f.path("ca.pem"), "no certificate"}, false},
		{"a folder as the certificate", func() error {
			return errors.Join(os.Remove(f.path("server.pem")), os.Mkdir(f.path("server.pem"), 0o700))
		}, []string{f.path("server.pem"), "not a regular file"}, false},
		{"a FIFO as the key", fifo(f, "server.key"), []string{f.path("server.key"), "not a regular file"}, false},
		{"a FIFO as the configuration", fifo(f, "web.yaml"), []string{file, "not a regular file"}, false},
		{"another's key", func() error {
			_, _, _, key := issue(t, &f.ca, "localhost", 8)
			writeFile(t, f.path("server.key"), string(key))
			return nil
		}, []string{f.path("server.key"), "does not match"}, false},
		{"a giant as the certificate", func() error { return os.Truncate(f.path("server.pem"), 1<<40) }, []string{f.path("server.pem"), "longer than"}, false},
		{"much that nobody knows", func() error { f.config(t, clients+strings.Repeat("? x\n", 1000)); return nil }, []string{file}, false},
		{"nonsense in the configuration", func() error { f.config(t, "nonsense"); return nil }, []string{file}, false},
		{"no TLS any more", func() error { f.config(t, "{}\n"); return nil }, []string{file, "nothing would be encrypted"}, false},
		{"expired", func() error { f.lasting(t, now.Add(-2*time.Hour), now.Add(-time.Hour)); return nil }, []string{f.path("server.pem"), "has expired", "renew it"}, true},
		{"not valid yet", func() error { f.lasting(t, now.Add(time.Hour), now.Add(2*time.Hour)); return nil }, []string{f.path("server.pem"), "is the clock right"}, true},
	} {
		mend()
		w.look(now)
		told = nil
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for range 3 {
			w.look(now)
		}
		if len(w.trouble()) > 2*maxWebTold {
			t.Errorf("%s: %d bytes are told", c.name, len(w.trouble()))
		}
		for _, says := range append(c.says, file) {
			if len(told) != 1 || !strings.Contains(told[0], says) || w.trouble() != told[0] {
				t.Errorf("%s: told of %q, and shown is %q; it doesn't say %q", c.name, told, w.trouble(), says)
			}
		}
		if err := checkWebConfig(file); (err == nil) != c.still {
			t.Errorf("%s: a start: %v", c.name, err)
		}
		mend()
		told = nil
		for range 2 {
			w.look(now)
		}
		if len(told) != 1 || !strings.Contains(told[0], "works again") || w.trouble() != "" {
			t.Errorf("%s, mended: told of %q", c.name, told)
		}
	}
}

// TestAConnectionThatFailsForOurTLSIsNoSilence: the door is really served, and
// who watches the program hears of it by another one.
func TestAConnectionThatFailsForOurTLSIsNoSilence(t *testing.T) {
	t.Parallel() // it waits more than it works
	f := newWebFolder(t)
	w := newWorld(t)
	w.options.Tokens = tokensOf(t)
	heard := hears(w)
	a := New(w.options)
	w.Handler = a.Handler(Door{Address: "0.0.0.0:0", Metrics: true})
	e, err := Listen(Door{Address: "127.0.0.1:0", WebConfig: f.config(t, webConfig)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, a, e) }()
	if res, err := get(t, f.client(nil), e.URL(), Read); err != nil || res.StatusCode != 200 {
		t.Fatalf("%v, %v", res, err)
	}
	if err := os.Rename(f.path("server.pem"), f.path("away.pem")); err != nil {
		t.Fatal(err)
	}
	for range 20 { // and it is told once
		if res, err := get(t, f.client(nil), e.URL(), Read); err == nil {
			t.Fatalf("without a certificate: %v", res)
		}
	}
	expectWarning(t, heard, f.path("server.pem"))
	if answer := w.ask("GET", "/readyz", ""); answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), f.path("server.pem")) {
		t.Errorf("/readyz: %d %s", answer.Code, answer.Body)
	}
	if err := os.Rename(f.path("away.pem"), f.path("server.pem")); err != nil {
		t.Fatal(err)
	}
	a.Recheck()
	expectWarning(t, heard, "works again")
	if answer := w.ask("GET", "/readyz", ""); answer.Code != http.StatusOK {
		t.Errorf("/readyz, mended: %d %s", answer.Code, answer.Body)
	}
	if res, err := get(t, f.client(nil), e.URL(), Read); err != nil || res.StatusCode != 200 {
		t.Errorf("mended: %v, %v", res, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(heard) > 0 {
		t.Errorf("told of %q, too", <-heard)
	}
}
