package api

import (
	"context"
	"log/slog"
	"net"
	"net/http"

	"github.com/prometheus/exporter-toolkit/web"
)

// serveTLS serves by the web configuration, which is read anew, with its
// certificates, for each connection. While it can't be used nobody gets in, and
// the watch is asked why.
func serveTLS(server *http.Server, l net.Listener, watch *webWatch) error {
	return web.Serve(l, server, &web.FlagConfig{WebConfigFile: &watch.file}, slog.New(toolkitLog{watch}))
}

// toolkitLog takes what the toolkit complains of, which it does for each request
// anew, as a reason to look.
type toolkitLog struct{ watch *webWatch }

func (toolkitLog) Enabled(_ context.Context, at slog.Level) bool { return at >= slog.LevelWarn }

func (t toolkitLog) Handle(context.Context, slog.Record) error {
	t.watch.again()
	return nil
}

func (t toolkitLog) WithAttrs([]slog.Attr) slog.Handler { return t }
func (t toolkitLog) WithGroup(string) slog.Handler      { return t }
