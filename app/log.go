package app

import (
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"reconciler/desired"
	"reconciler/reconcile"
)

// logger writes what happens. It implements reconcile.Recorder.
type logger struct{ zap *zap.Logger }

// newLogger writes to w, as console or json, what is of that level or above. A
// backlog tells in the same form of the lines that were lost.
func newLogger(w io.Writer, format, level string) (*logger, error) {
	at, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	conf := zap.NewProductionEncoderConfig()
	conf.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	conf.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder(conf)
	if format == "console" {
		conf.EncodeTime = zapcore.TimeEncoderOfLayout(time.TimeOnly)
		conf.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(conf)
	}
	if b, ok := w.(*backlog); ok {
		b.tellLossBy(func(text string) []byte { return warning(encoder, text) })
	}
	return &logger{zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), at))}, nil
}

// warning is a line of the log.
func warning(encoder zapcore.Encoder, text string) []byte {
	line, err := encoder.Clone().EncodeEntry(zapcore.Entry{Level: zapcore.WarnLevel, Time: time.Now(), Message: "warning"},
		[]zapcore.Field{zap.String("message", desired.Harmless(text))})
	if err != nil {
		return []byte(text + "\n")
	}
	return line.Bytes()
}

// Record implements reconcile.Recorder: one constant message for each kind.
func (l *logger) Record(e reconcile.Event) {
	f := fields(e)
	switch e.Kind {
	case reconcile.KindStateAccepted:
		l.zap.Info("state accepted", f...)
	case reconcile.KindStateRejected:
		l.zap.Error("state rejected, the last good one stays in force", f...)
	case reconcile.KindStateMended:
		l.zap.Info("state mended, the file is the one in force again", f...)
	case reconcile.KindEngineConnected:
		l.zap.Info("engine connected", f...)
	case reconcile.KindEngineLost:
		l.zap.Warn("engine can't be asked, nothing is decided until it can", f...)
	case reconcile.KindResynced:
		l.zap.Debug("resynced", f...)
	case reconcile.KindDrift:
		l.zap.Info("drift", f...)
	case reconcile.KindAction:
		if e.Err != nil {
			l.zap.Warn("action failed", f...)
			return
		}
		l.zap.Info("action", f...)
	case reconcile.KindWithheld:
		l.zap.Info("dry run, nothing is done", f...)
	case reconcile.KindConverged:
		l.zap.Info("converged", f...)
	case reconcile.KindStalled:
		l.zap.Warn("stalled", f...)
	case reconcile.KindNotReady:
		l.zap.Warn("not ready", f...)
	case reconcile.KindRequested:
		l.zap.Info("requested", f...)
	case reconcile.KindDecided:
		l.zap.Debug("decided", f...)
	case reconcile.KindWarning:
		l.zap.Warn("warning", f...)
	}
}

// fields are those of the event that are set.
func fields(e reconcile.Event) []zap.Field {
	var f []zap.Field
	text := func(key, value string) {
		if value != "" {
			f = append(f, zap.String(key, desired.Harmless(value)))
		}
	}
	text("project", e.Project)
	text("service", e.Service)
	text("container", e.Container)
	text("verb", string(e.Verb))
	text("cause", string(e.Cause))
	text("outcome", string(e.Outcome))
	text("reason", string(e.Reason))
	text("trigger", string(e.Trigger))
	text("actor", e.Actor)
	text("message", e.Message)
	if e.Generation != 0 {
		f = append(f, zap.Int64("generation", e.Generation))
	}
	if e.Took != 0 {
		f = append(f, zap.Duration("took", e.Took.Round(time.Microsecond)))
	}
	if e.Err != nil {
		text("error", e.Err.Error())
	}
	return f
}
