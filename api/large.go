package api

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"time"

	"reconciler/desired"
	"reconciler/internal/rendering"
	"reconciler/reconcile"
)

// What requests may hold together, in bytes, at all doors. Whoever finds no room
// waits for a moment, and is then told that we are busy.
const (
	roomForAnswers = 16 << 20 // the large ones that are being read, packed
	roomForRecords = 4 << 20  // the same, of those that take the disk
	roomForBodies  = 8 << 20  // large bodies that are being read
)

// sharedFor is how long an overview is told at most without being asked for
// anew: of what only time changes nobody hears.
const sharedFor = time.Second

// inJSON writes the value.
func inJSON(v any) func(io.Writer) (rendering.Made, error) {
	return func(w io.Writer) (rendering.Made, error) { return rendering.Made{}, encodeJSON(w, v) }
}

// encodeJSON writes a value as it is answered: nothing is in it that a terminal
// would obey.
func encodeJSON(w io.Writer, v any) error {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false) // nobody takes it for HTML: its type says what it is, and is not to be sniffed
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(desired.HarmlessJSON(out.Bytes()))
	return err
}

// latest is what was known last, and whether it still is all.
type latest struct {
	reconcile.Known
	still func() bool
}

// overview is what is told of all that is known now.
func (s *server) overview() reconcile.Overview {
	k := s.latest()
	return k.Overview()
}

// latest returns what is known now: the same to all who ask until it changes.
// Nobody may change it.
func (s *server) latest() latest {
	if last := s.last.Load(); last != nil && last.still() {
		return *last
	}
	changed := s.opt.Loop.Changed() // before reading
	began, o := s.now(), s.opt.Loop.Known()
	k := latest{o, func() bool {
		select {
		case <-changed:
			return false
		default:
			return s.opt.State.Snapshot().Generation == o.Generation && s.now().Sub(began) < sharedFor
		}
	}}
	s.last.Store(&k)
	return k
}

// showOverview tells of all services, in the same bytes to all who ask until
// something changes.
func (s *server) showOverview(status int) reply {
	return large{press: s.answers, status: status, kind: typeJSON, key: "services", fill: func(w io.Writer) (rendering.Made, error) {
		k := s.latest()
		why := s.unready()
		still := func() bool { return k.still() && slices.Equal(why, s.unready()) }
		return rendering.Made{Still: still}, encodeJSON(w, withReadiness(k.Overview(), why))
	}}
}

// withReadiness is an overview as a program is told of it: why not all is as it should
// be is among its warnings, for who asks for nothing else, as status does.
func withReadiness(o reconcile.Overview, why []string) reconcile.Overview {
	warnings := make([]string, 0, len(why)+len(o.Warnings))
	for _, reason := range why {
		warnings = append(warnings, "not ready: "+reason)
	}
	o.Warnings = append(warnings, o.Warnings...)
	return o
}
