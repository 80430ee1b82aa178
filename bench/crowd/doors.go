package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"reconciler/bench/rig"
)

const secret = "the-secret-of-the-crowd-and-of-its-victim"

// door is one door of a running reconciler.
type door struct {
	name, network, address string
	tokens                 bool
	roots                  *x509.CertPool // nil: not encrypted
	edit, long             string         // a request with a body, as it begins, and what has a long answer
	hello                  []byte         // the first that TLS says
}

func (d door) authorization() string {
	if !d.tokens {
		return ""
	}
	return "Authorization: Bearer " + secret + "\r\n"
}

// dial connects, with TLS where the door has it and it is wanted.
func (d door) dial(ctx context.Context, encrypted bool) (net.Conn, error) {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, d.network, d.address)
	if err != nil || d.roots == nil || !encrypted {
		return c, err
	}
	client := tls.Client(c, &tls.Config{RootCAs: d.roots, ServerName: "localhost"})
	if err := client.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return client, nil
}

// daemons are three reconcilers that have all kinds of doors between them.
type daemons struct {
	doors []door
	cmds  []*exec.Cmd
}

func (ds *daemons) end() error {
	var all error
	for _, cmd := range ds.cmds {
		all = errors.Join(all, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
	}
	return all
}

// start starts them on simulated engines.
func start(opt options, dir string) (*daemons, error) {
	roots, hello, err := certify(dir)
	if err != nil {
		return nil, err
	}
	tokens := fmt.Sprintf("crowd admin %x\n", sha256.Sum256([]byte(secret)))
	if err := os.WriteFile(filepath.Join(dir, "tokens"), []byte(tokens), 0o600); err != nil {
		return nil, err
	}
	var at [4]string
	for i := range at {
		if at[i], err = rig.Free(); err != nil {
			return nil, err
		}
	}
	socket, token, web := filepath.Join(dir, "r.sock"), filepath.Join(dir, "tokens"), filepath.Join(dir, "web.yaml")
	ds := &daemons{doors: []door{
		{name: "open loopback", network: "tcp", address: at[0]},
		{name: "unix socket", network: "unix", address: socket},
		{name: "metrics", network: "tcp", address: at[1], edit: "GET /metrics HTTP/1.1\r\nHost: localhost\r\n", long: "/metrics"},
		{name: "tokens", network: "tcp", address: at[2], tokens: true},
		{name: "TLS and tokens", network: "tcp", address: at[3], tokens: true, roots: roots, hello: hello},
	}}
	for i := range ds.doors {
		if d := &ds.doors[i]; d.long == "" {
			d.edit, d.long = "PUT /v1/state HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/yaml\r\n", "/v1/state"
		}
	}
	for name, flags := range map[string][]string{
		"open":   {"--listen", at[0], "--listen", "unix:" + socket, "--metrics-listen", at[1]},
		"tokens": {"--listen", at[2], "--token-file", token},
		"TLS":    {"--listen", at[3], "--token-file", token, "--web-config", web},
	} {
		if err := ds.run(opt, filepath.Join(dir, "of "+name), flags); err != nil {
			return nil, errors.Join(err, ds.end())
		}
	}
	return ds, nil
}

// run starts one, with few descriptors if that is asked for, and a file that is
// nearly as long as one may be.
func (ds *daemons) run(opt options, dir string, flags []string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	file := "version: 1\nproject: crowd\nservices:\n  web: running\n" + strings.Repeat("# "+strings.Repeat("x", 997)+"\n", 900)
	state := filepath.Join(dir, "state.yaml")
	if err := os.WriteFile(state, []byte(file), 0o644); err != nil {
		return err
	}
	args := append([]string{"-c", `ulimit -n "$1" && shift && exec "$@"`, "sh", fmt.Sprint(opt.descriptors), opt.binary, "run", "--engine", "sim", "--state", state}, flags...)
	cmd := exec.Command("sh", args...)
	said, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s (make build makes it): %w", opt.binary, err)
	}
	ds.cmds = append(ds.cmds, cmd)
	return nil
}

// certify writes a web configuration into the folder, and returns who vouches
// for it and what a client says first.
func certify(dir string) (*x509.CertPool, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, text := range map[string][]byte{
		"server.pem": certificate, "server.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		"web.yaml": []byte("tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return nil, nil, err
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	theirs, ours := net.Pipe()
	go func() { _ = tls.Client(theirs, &tls.Config{ServerName: "localhost"}).Handshake() }() // it is cut off below
	hello := make([]byte, 1<<16)
	n, err := ours.Read(hello)
	return roots, hello[:n], errors.Join(err, ours.Close())
}
