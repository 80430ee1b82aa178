package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reconciler/config"
	"reconciler/desired"
	"reconciler/reconcile"
)

// newest keeps the last event.
type newest struct{ reconcile.Event }

func (n *newest) Record(e reconcile.Event) { n.Event = e }

// logged is what the log says of the file since it was read last.
func logged(t *testing.T, log *bytes.Buffer) (lines []string) {
	t.Helper()
	for log.Len() > 0 {
		line, err := log.ReadBytes('\n')
		var e struct {
			Msg, Actor string
			Generation int64
		}
		if err != nil || json.Unmarshal(line, &e) != nil {
			t.Fatalf("%v: %q", err, line)
		}
		lines = append(lines, fmt.Sprintf("%s: %d %s", e.Msg, e.Generation, e.Actor))
	}
	return lines
}

// TestAnAcceptanceIsToldOnce: reading again what is in force is none, nor is
// the end of a problem.
func TestAnAcceptanceIsToldOnce(t *testing.T) {
	const good, bad = "version: 1\nproject: p\nservices: {a: running, b: running}\n", "nonsense\n"
	const rejected = "state rejected, the last good one stays in force: "
	conf := config.Default()
	conf.State, conf.Engine, conf.LogFormat, conf.Listen = filepath.Join(t.TempDir(), "state.yaml"), "sim", "json", []string{"127.0.0.1:0"}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(conf.State, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	expect := func(when string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, logged(t, &log)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", when, diff)
		}
	}
	start := func() *App {
		t.Helper()
		a, err := New(conf, Options{Log: &log})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}

	write(good)
	a := start()
	expect("a start", "state accepted: 1 file")
	var last newest
	a.recorder = append(a.recorder, &last)
	a.store.Reload()
	expect("nothing changed")
	if _, _, err := a.store.Change(desired.Flips(desired.Change{Service: "a", State: desired.Stopped}), desired.EditBy{Actor: "http:ann"}); err != nil {
		t.Fatal(err)
	}
	expect("an edit", "state accepted: 2 http:ann")
	snap := a.store.Snapshot()
	a.store.Reload()
	expect("nothing changed since the edit")
	write(bad)
	a.store.Reload()
	expect("a bad file", rejected+"2 ")
	began := time.Now()
	write(string(snap.Document.Source))
	a.store.Reload()
	expect("the bad edit is undone", "state mended, the file is the one in force again: 2 ")
	if last.Time.Before(began) || last.Message == "" || last.Message == accepted(snap) {
		t.Errorf("told as of %s, %q", last.Time, last.Message)
	}
	a.store.Reload()
	expect("nothing changed since then")
	write(bad)
	a.store.Reload()
	write(good)
	a.store.Reload()
	expect("a bad file, then a good one", rejected+"2 ", "state accepted: 3 file")

	write(bad)
	a.Close()
	a = start()
	defer a.Close()
	expect("a start on a bad file", "state accepted: 3 file", rejected+"3 ")
	write(good)
	a.store.Reload()
	expect("mended after the start", "state mended, the file is the one in force again: 3 ")
}
