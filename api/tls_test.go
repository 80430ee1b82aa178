package api

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority signs certificates, and is one itself.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// issue returns a certificate and its key; of the authority itself where by is
// nil.
func issue(t *testing.T, by *authority, name string, serial int64) (authority, tls.Certificate, []byte, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: by == nil, BasicConstraintsValid: true, DNSNames: []string{name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key}, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pemOf("CERTIFICATE", der), pemOf("EC PRIVATE KEY", private)
}

// webFolder is a folder with a web configuration and what it names.
type webFolder struct {
	dir string
	ca  authority
}

const webConfig = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"

func newWebFolder(t *testing.T) webFolder {
	t.Helper()
	f := webFolder{dir: t.TempDir()}
	ca, _, caPEM, _ := issue(t, nil, "our authority", 1)
	f.ca = ca
	writeFile(t, f.path("ca.pem"), string(caPEM))
	f.renew(t, 2)
	return f
}

func (f webFolder) path(name string) string { return filepath.Join(f.dir, name) }

// renew puts another certificate in the place of the server's.
func (f webFolder) renew(t *testing.T, serial int64) {
	t.Helper()
	_, _, cert, key := issue(t, &f.ca, "localhost", serial)
	writeFile(t, f.path("server.pem"), string(cert))
	writeFile(t, f.path("server.key"), string(key))
}

func (f webFolder) config(t *testing.T, text string) string {
	t.Helper()
	writeFile(t, f.path("web.yaml"), text)
	return f.path("web.yaml")
}

// client speaks to a server of the authority; with no certificate of its own
// if mine is nil.
func (f webFolder) client(mine *tls.Certificate) *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(f.ca.cert)
	conf := &tls.Config{RootCAs: roots}
	if mine != nil {
		conf.Certificates = []tls.Certificate{*mine}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: conf, DisableKeepAlives: true, ForceAttemptHTTP2: true}}
}

// encrypted serves a door with tokens by the web configuration, and returns its URL.
func encrypted(t *testing.T, file string) string {
	t.Helper()
	w := newWorld(t)
	w.options.Tokens = tokensOf(t)
	e, err := Listen(Door{Address: "127.0.0.1:0", WebConfig: file})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, New(w.options), e) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return e.URL()
}

// get asks for the state with that token, and returns the answer and its body's begin.
func get(t *testing.T, c *http.Client, url string, role Role) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url+"v1/state", nil)
	if err != nil {
		t.Fatal(err)
	}
	if role != None {
		r.Header.Set("Authorization", "Bearer "+secretOf(role))
	}
	res, err := c.Do(r)
	if err == nil {
		_ = res.Body.Close()
	}
	return res, err
}

func TestADoorIsEncrypted(t *testing.T) {
	f := newWebFolder(t)
	url := encrypted(t, f.config(t, webConfig))
	for role, want := range map[Role]int{Read: 200, "wrong": 401, None: 401} {
		res, err := get(t, f.client(nil), url, role)
		if err != nil || res.StatusCode != want || res.TLS == nil || res.ProtoMajor != 1 {
			t.Fatalf("%s: %v, %v", role, res, err)
		}
	}
	if codes := converse(t, "tcp", strings.TrimSuffix(strings.TrimPrefix(url, "https://"), "/"), "GET /v1/state HTTP/1.1\r\nHost: localhost\r\n\r\n"); len(codes) != 1 || codes[0] != 400 {
		t.Errorf("without TLS: %v", codes)
	}
	f.renew(t, 77)
	res, err := get(t, f.client(nil), url, Read)
	if err != nil || res.TLS.PeerCertificates[0].SerialNumber.Int64() != 77 {
		t.Errorf("the renewed certificate isn't served: %v", err)
	}
	// What is broken while it is served keeps everybody out.
	for _, text := range []string{"nonsense", "basic_auth_users: {}\n", "tls_server_config: {cert_file: nothing.pem, key_file: server.key}\n"} {
		f.config(t, text)
		if res, err := get(t, f.client(nil), url, Read); err == nil {
			t.Errorf("%q: %d", text, res.StatusCode)
		}
	}
	f.config(t, webConfig)
	if res, err := get(t, f.client(nil), url, Read); err != nil || res.StatusCode != 200 {
		t.Errorf("mended: %v", err)
	}
}

// TestAClientShowsItsCertificate where it is asked for, and its token still.
func TestAClientShowsItsCertificate(t *testing.T) {
	f := newWebFolder(t)
	url := encrypted(t, f.config(t, webConfig+"  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"))
	stranger, _, _, _ := issue(t, nil, "another authority", 1)
	_, ours, _, _ := issue(t, &f.ca, "a client", 3)
	_, theirs, _, _ := issue(t, &stranger, "a client", 3)
	if res, err := get(t, f.client(nil), url, Admin); err == nil {
		t.Errorf("without a certificate: %d", res.StatusCode)
	}
	if res, err := get(t, f.client(&theirs), url, Admin); err == nil {
		t.Errorf("with a stranger's certificate: %d", res.StatusCode)
	}
	for role, want := range map[Role]int{Read: 200, None: 401} {
		if res, err := get(t, f.client(&ours), url, role); err != nil || res.StatusCode != want {
			t.Errorf("with a certificate and %s: %v, %v", role, res, err)
		}
	}
}

func TestAWebConfigurationThatDoesntEncryptIsRefused(t *testing.T) {
	f := newWebFolder(t)
	for _, c := range []struct{ text, says string }{
		{"", "no tls_server_config"},
		{"rate_limit: {burst: 1, interval: 1s}\n", "no tls_server_config"},
		{webConfig + "basic_auth_users: {ann: $2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi}\n", "--token-file"},
		{webConfig + "nonsense: 1\n", "nonsense"},
		{"tls_server_config: {cert_file: nothing.pem, key_file: server.key}\n", "nothing.pem"},
		{"tls_server_config: {cert_file: ca.pem, key_file: server.key}\n", "private key does not match"},
		{webConfig + "  min_version: SSL3\n", "unknown TLS version"},
		{webConfig + "  client_ca_file: ca.pem\n", "Client Auth Policy"},
	} {
		file := f.config(t, c.text)
		e, err := Listen(Door{Address: "127.0.0.1:0", WebConfig: file})
		if err == nil {
			_ = e.Close()
		}
		if !errors.Is(err, ErrWebConfig) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), file) {
			t.Errorf("%q: %v; it doesn't say %q", c.text, err, c.says)
		}
	}
	if _, err := Listen(Door{Address: "127.0.0.1:0", WebConfig: f.path("nothing.yaml")}); !errors.Is(err, ErrWebConfig) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestWhatTheServerComplainsOfIsHandedOn, but for what strangers can make it
// complain of.
func TestWhatTheServerComplainsOfIsHandedOn(t *testing.T) {
	var heard bytes.Buffer
	c := complaints{to: func(text string) { heard.WriteString(text + ";") }}
	for _, line := range []string{"http: panic serving 10.0.0.1:1: oh\n", "http: TLS handshake error from 10.0.0.1:1: EOF\n"} {
		if n, err := c.Write([]byte(line)); n != len(line) || err != nil {
			t.Error(n, err)
		}
	}
	if heard.String() != "http: panic serving 10.0.0.1:1: oh;" {
		t.Errorf("%q", heard.String())
	}
}
