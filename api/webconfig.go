package api

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v2" // which the toolkit reads the file with, so that both find the same in it
)

// ErrWebConfig is that of a web configuration file that can't be used.
var ErrWebConfig = errors.New("the web configuration can't be used")

// checkWebConfig returns why the file can't be served by; "" always can. It
// must encrypt, since it is asked for that, and it must not name users:
// tokens are the credential here.
func checkWebConfig(file string) error {
	if file == "" {
		return nil
	}
	if _, err := readWebConfig(file); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrWebConfig, file, err)
	}
	return nil
}

// readWebConfig returns what the file says of TLS, the paths in it as they are
// from here, after all that it names was read once.
func readWebConfig(file string) (web.TLSConfig, error) {
	var conf web.Config
	src, err := readRegular(file)
	if err == nil {
		err = yaml.Unmarshal(src, &conf)
	}
	said := &conf.TLSConfig
	said.SetDirectory(filepath.Dir(file))
	switch {
	case err != nil:
	case len(conf.Users) > 0:
		err = errors.New("it has basic_auth_users; take them out, and give tokens by --token-file")
	case !said.IsEnabled():
		err = errors.New("it has no tls_server_config, so nothing would be encrypted")
	default:
		err = errors.Join(isRegular(said.TLSCertPath), isRegular(said.TLSKeyPath), isRegular(said.ClientCAs))
	}
	if err == nil {
		err = web.Validate(file)
	}
	if err == nil && said.ClientCAs != "" { // the toolkit takes what holds none, and then refuses everybody
		if src, err = readRegular(said.ClientCAs); err == nil && !x509.NewCertPool().AppendCertsFromPEM(src) {
			err = fmt.Errorf("client_ca_file %s holds no certificate", said.ClientCAs)
		}
	}
	if err != nil && said.TLSCertPath != "" {
		err = fmt.Errorf("%w (cert_file %s, key_file %s)", err, said.TLSCertPath, said.TLSKeyPath)
	}
	return *said, err
}

// isRegular fails unless it is a regular file, and no giant: nothing else is
// read, for it could hold us up, or fill us. "" names none.
func isRegular(path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: path, Err: errors.New("it is not a regular file")}
	}
	if err == nil && info.Size() > maxWebFile {
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it is longer than %d bytes", maxWebFile)}
	}
	return err
}

func readRegular(path string) ([]byte, error) {
	if err := isRegular(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// outOfTime returns which certificate of the server clients refuse at that
// time, for it is not valid yet or no more. The configuration can be used.
func outOfTime(said web.TLSConfig, now time.Time) error {
	conf, err := web.ConfigToTLSConfig(&said)
	if err != nil {
		return err
	}
	pair, err := conf.GetCertificate(nil)
	if err != nil {
		return err
	}
	for _, der := range pair.Certificate {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		where := fmt.Sprintf("the certificate of %s in cert_file %s", cert.Subject, said.TLSCertPath)
		switch {
		case now.After(cert.NotAfter):
			return fmt.Errorf("%s has expired: it was valid until %s; clients refuse it: renew it", where, cert.NotAfter.UTC().Format(time.RFC3339))
		case now.Before(cert.NotBefore):
			return fmt.Errorf("%s is valid from %s on only; clients refuse it: is the clock right?", where, cert.NotBefore.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// How often a web configuration is looked at, and at most where failed
// handshakes ask for it.
const (
	webEvery = 5 * time.Second
	webGap   = time.Second
)

const (
	maxWebFile = 1 << 20 // bytes of the configuration, and of what it names
	maxWebTold = 1000    // bytes of what is wrong with it
)

// webWatch looks whether a web configuration can be used, since the toolkit
// reads it anew for each connection and only hangs up where it can't.
type webWatch struct {
	file  string
	warn  func(string) // must return at once
	poke  chan struct{}
	looks looks // a disk that doesn't answer is a trouble, and no reason to wait

	mu  sync.Mutex // held for no I/O
	why string     // why nobody gets in by TLS; empty: they do
}

func newWebWatch(file string, warn func(string)) *webWatch {
	return &webWatch{file: file, warn: warn, poke: make(chan struct{}, 1)}
}

// run looks until ctx ends.
func (w *webWatch) run(ctx context.Context) {
	next := time.NewTimer(0)
	defer next.Stop()
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.poke:
			next.Reset(max(0, webGap-time.Since(last)))
			continue
		case <-next.C:
		}
		w.look(time.Now())
		last = time.Now()
		next.Reset(webEvery)
	}
}

// again asks for a look soon, and doesn't wait for it.
func (w *webWatch) again() {
	select {
	case w.poke <- struct{}{}:
	default: // it is asked for
	}
}

// look tells of what is wrong once, and that it is mended.
func (w *webWatch) look(now time.Time) {
	_, err := look(&w.looks, "read it and what it names", func() (none struct{}, err error) {
		said, err := readWebConfig(w.file)
		if err == nil {
			err = outOfTime(said, now)
		}
		return none, err
	})
	why := ""
	if err != nil {
		text := err.Error()
		if len(text) > maxWebTold {
			text = strings.ToValidUTF8(text[:maxWebTold], "") + " …"
		}
		why = fmt.Sprintf("nobody gets in by TLS: %s: %s; put it right: it is read anew for each connection", w.file, text)
	}
	w.mu.Lock()
	was := w.why
	w.why = why
	w.mu.Unlock()
	switch {
	case why == was:
	case why != "":
		w.warn(why)
	default:
		w.warn(fmt.Sprintf("TLS works again: %s and what it names can be used", w.file))
	}
}

func (w *webWatch) trouble() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.why
}
