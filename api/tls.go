package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v2" // which the toolkit reads the file with, so that both find the same in it
)

// ErrWebConfig is that of a web configuration file that can't be used.
var ErrWebConfig = errors.New("the web configuration can't be used")

// checkWebConfig returns why the file can't be served by; "" always can. It
// must encrypt, since it is asked for that, and it must not name users:
// tokens are the credential here. What it says of client certificates is
// checked by the toolkit, on each connection.
func checkWebConfig(file string) error {
	if file == "" {
		return nil
	}
	err := web.Validate(file)
	var conf web.Config
	if err == nil {
		var src []byte
		if src, err = os.ReadFile(file); err == nil {
			err = yaml.Unmarshal(src, &conf)
		}
	}
	switch {
	case err != nil:
	case len(conf.Users) > 0:
		err = errors.New("it has basic_auth_users; take them out, and give tokens by --token-file")
	case !conf.TLSConfig.IsEnabled():
		err = errors.New("it has no tls_server_config, so nothing would be encrypted")
	default:
		return nil
	}
	return fmt.Errorf("%w: %s: %w", ErrWebConfig, file, err)
}

// serveTLS serves by the web configuration, which is read anew, with its
// certificates, for each connection. While it can't be used nobody gets in.
func serveTLS(server *http.Server, l net.Listener, file string, warn func(string)) error {
	return web.Serve(l, server, &web.FlagConfig{WebConfigFile: &file}, slog.New(warnings{to: warn}))
}

// warnings hands on what the toolkit warns of.
type warnings struct{ to func(string) }

func (w warnings) Enabled(_ context.Context, at slog.Level) bool { return at >= slog.LevelWarn }

func (w warnings) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += ", " + a.String()
		return true
	})
	w.to(text)
	return nil
}

func (w warnings) WithAttrs([]slog.Attr) slog.Handler { return w }
func (w warnings) WithGroup(string) slog.Handler      { return w }
