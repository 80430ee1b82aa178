package app

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"reconciler/desired"
	"reconciler/reconcile"
)

func TestNothingThatATerminalObeysIsLogged(t *testing.T) {
	const obeyed = "web\x1b[2J\x7f\u009b31m\u202e\u2066"
	for _, format := range []string{"console", "json"} {
		var out bytes.Buffer
		l, err := newLogger(&out, format, "debug")
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range reconcile.Kinds() {
			l.Record(reconcile.Event{Kind: kind, Service: obeyed, Container: obeyed, Actor: obeyed, Message: obeyed, Err: errors.New(obeyed)})
		}
		if text := out.String(); text != desired.Harmless(text) || !bytes.Contains(out.Bytes(), []byte("web[2J31m")) {
			t.Errorf("%s: %q", format, text)
		}
	}
}

func TestEveryKindOfEventHasAMessage(t *testing.T) {
	for _, format := range []string{"console", "json"} {
		var out bytes.Buffer
		l, err := newLogger(&out, format, "debug")
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range reconcile.Kinds() {
			out.Reset()
			l.Record(reconcile.Event{Kind: k, Service: "we\x1b[2Jb"})
			if text := out.String(); text == "" || strings.Contains(text, "\x1b") || !strings.Contains(text, "we[2Jb") {
				t.Errorf("%s %s: %q", format, k, text)
			}
		}
	}
}
